package main

import (
	"context"
	"fmt"

	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/markdown"
)

// investigateTicket goes from the ticket of the embedded scenario to what is wrong.
func investigateTicket(ctx context.Context, p *progress) (result, error) {
	p.Tell(demo + " Nothing outside of this program is asked. For a real load: -load TRACKING_ID, see -h.")
	s, err := loadScenario()
	if err != nil {
		return result{}, err
	}
	t, err := readTicket(s.Ticket)
	if err != nil {
		return result{}, err
	}
	p.Say("ticket: load %s, tracking id %s, sent %s", t.LoadNumber, t.TrackingID, markdown.Instant(t.Sent))
	st, err := s.start()
	if err != nil {
		return result{}, err
	}
	defer st.close()
	clients, err := st.clients(ctx)
	if err != nil {
		return result{}, err
	}
	defer clients.close()
	question := evidence.StuckLoadQuestion{TrackingID: t.TrackingID, Now: t.Sent, Progress: p.source}
	report, err := evidence.StuckLoad(ctx, question, clients.sources())
	if err != nil {
		return result{}, err
	}
	if known := report.Load; known != nil && t.LoadNumber != "" && known.Value.LoadNumber != t.LoadNumber {
		report.NotSeen = append(report.NotSeen, fmt.Sprintf("load number %s, which the ticket also names: the load with its tracking id has the number %q",
			t.LoadNumber, known.Value.LoadNumber))
	}
	report.Report = normal(report.Report)
	return result{json: demoReport{report, demo}, markdown: loadDocument(&t, report)}, context.Cause(ctx)
}

// demoReport is a report that says in its JSON form too that nothing of it is real.
type demoReport struct {
	evidence.StuckLoadReport
	Demo string `json:"demo"`
}
