package base

import (
	"encoding/json"
	"net/http"
)

// Handler serves what the monitor knows: /livez (the process runs), /readyz (every required source can be asked: none is
// down or unproven; 503 when not), /healthz (the whole report, with the same status). The answers are JSON and hold kinds and ages, never the text of an error. It makes
// no call to a source, so it costs the same however often it is asked.
func (m *Monitor) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, map[string]string{"state": "ready"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		r := m.Report()
		respond(w, r.status(), map[string]State{"state": r.State})
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		r := m.Report()
		respond(w, r.status(), r)
	})
	return mux
}

// status is 200 while every required source can be asked.
func (r Report) status() int {
	if r.State == Down || r.State == Unproven {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
