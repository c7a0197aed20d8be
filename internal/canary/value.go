package canary

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
)

// SweepValue prints a value in every way in which programs print - the verbs of fmt, JSON, slog as JSON and as text, XML,
// and what a panic with it would say - and sweeps that. Of an error it does so with every error below it.
func (s *Set) SweepValue(where string, v any) []Leak {
	leaks := s.Sweep(where, Printed(v))
	err, ok := v.(error)
	if !ok {
		return leaks
	}
	for _, below := range Tree(err)[1:] {
		leaks = append(leaks, s.Sweep(where+", below it", Printed(below))...)
	}
	return leaks
}

// Printed is a value in every way in which programs print it, one below the other.
func Printed(v any) string {
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	if text, err := json.Marshal(v); err == nil {
		b.Write(text)
	} else {
		b.WriteString(err.Error())
	}
	if text, err := xml.Marshal(v); err == nil {
		b.Write(text)
	}
	b.WriteByte('\n')
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&b, options), slog.NewTextHandler(&b, options)} {
		slog.New(h).Error("printed", "value", v, slog.Group("group", "value", v))
	}
	return b.String()
}

// Tree is an error and all errors below it.
func Tree(err error) []error {
	all := []error{err}
	switch e := err.(type) { //nolint:errorlint // it goes down by itself
	case interface{ Unwrap() []error }:
		for _, below := range e.Unwrap() {
			if below != nil {
				all = append(all, Tree(below)...)
			}
		}
	case interface{ Unwrap() error }:
		if below := e.Unwrap(); below != nil {
			all = append(all, Tree(below)...)
		}
	}
	return all
}
