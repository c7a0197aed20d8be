package athenatest

import (
	"cmp"
	"time"
)

func (s *Server) getExecution(_ Request, in input) (any, *Exception) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, refused := s.find(in.ID)
	if refused != nil {
		return nil, refused
	}
	s.polled(e, s.now())
	return map[string]any{"QueryExecution": e.told()}, nil
}

func (s *Server) getExecutions(_ Request, in input) (any, *Exception) {
	if n := len(in.IDs); n < 1 || n > 50 {
		return nil, invalid("1 validation error detected: Value at 'queryExecutionIds' failed to satisfy constraint: Member must have length between 1 and 50")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, missing := []any{}, []any{}
	for _, id := range in.IDs {
		if e, refused := s.find(id); refused == nil {
			s.polled(e, s.now())
			found = append(found, e.told())
			continue
		}
		missing = append(missing, map[string]string{
			"QueryExecutionId": id, "ErrorCode": "INVALID_INPUT", "ErrorMessage": "QueryExecution " + id + " was not found",
		})
	}
	return map[string]any{"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}, nil
}

// told is the query as GetQueryExecution shows it.
func (e *execution) told() map[string]any {
	out := map[string]any{
		"QueryExecutionId": e.id, "Query": e.in.QueryString, "StatementType": e.result.kind, "WorkGroup": e.group.Name,
		"SubstatementType": e.result.verb, "EngineVersion": map[string]string{
			"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3",
		},
		"QueryExecutionContext": map[string]string{
			"Catalog": cmp.Or(e.in.QueryExecutionContext.Catalog, home.Catalog), "Database": e.in.QueryExecutionContext.Database,
		},
		"Status": e.status(), "Statistics": e.statistics(),
		"ResultReuseConfiguration":         e.in.ResultReuseConfiguration,
		"ManagedQueryResultsConfiguration": map[string]bool{"Enabled": e.group.Managed},
	}
	if e.location != "" {
		configuration := map[string]any{"OutputLocation": e.location}
		if e.group.KMSKey != "" {
			configuration["EncryptionConfiguration"] = map[string]string{"EncryptionOption": "SSE_KMS", "KmsKey": e.group.KMSKey}
		}
		out["ResultConfiguration"] = configuration
	}
	return out
}

func (e *execution) status() map[string]any {
	out := map[string]any{"State": e.state, "SubmissionDateTime": seconds(e.began)}
	if e.ended() {
		out["CompletionDateTime"] = seconds(e.finished)
	}
	if e.reason != "" {
		out["StateChangeReason"] = e.reason
	}
	if f := e.failure; e.state == stateFailed && f.Category != 0 {
		out["AthenaError"] = map[string]any{
			"ErrorCategory": f.Category, "ErrorType": f.Type, "Retryable": f.Retryable, "ErrorMessage": f.Reason,
		}
	}
	return out
}

func (e *execution) statistics() map[string]any {
	out := map[string]any{"ResultReuseInformation": map[string]bool{"ReusedPreviousResult": e.reused}}
	if !e.ended() {
		return out
	}
	total := max(e.finished.Sub(e.began), time.Millisecond)
	queued := min(e.reply.Wait, total)
	out["DataScannedInBytes"], out["QueryQueueTimeInMillis"] = e.result.scanned, queued.Milliseconds()
	out["EngineExecutionTimeInMillis"], out["TotalExecutionTimeInMillis"] = max(1, (total-queued).Milliseconds()), total.Milliseconds()
	out["QueryPlanningTimeInMillis"], out["ServiceProcessingTimeInMillis"], out["ServicePreProcessingTimeInMillis"] = 0, 0, 0
	return out
}

func (s *Server) getWorkgroup(_ Request, in input) (any, *Exception) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, known := s.groups[in.WorkGroup]
	if !known {
		return nil, invalid("WorkGroup " + in.WorkGroup + " is not found.")
	}
	configuration := map[string]any{
		"EnforceWorkGroupConfiguration": w.Enforced, "PublishCloudWatchMetricsEnabled": false, "RequesterPaysEnabled": false,
		"EngineVersion":                    map[string]string{"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"},
		"ManagedQueryResultsConfiguration": map[string]bool{"Enabled": w.Managed},
	}
	if w.BytesScannedCutoff > 0 {
		configuration["BytesScannedCutoffPerQuery"] = w.BytesScannedCutoff
	}
	if w.OutputLocation != "" {
		configuration["ResultConfiguration"] = map[string]string{"OutputLocation": w.OutputLocation}
	}
	return map[string]any{"WorkGroup": map[string]any{"Name": w.Name, "State": w.state(), "Configuration": configuration}}, nil
}

func (w Workgroup) state() string {
	if w.Disabled {
		return "DISABLED"
	}
	return "ENABLED"
}
