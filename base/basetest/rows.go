package basetest

const (
	otherFamily = "concerns sources of the other family"
	sharedPart  = "kept by package base for every source; its test is in that package"
)

// rows is the matrix. Rows of other kinds of source are named in the list at its end, so that none is forgotten.
func rows() []row {
	return []row{
		{id: "F01", promise: "a refused connection is Unavailable, not sent, and names the address", run: refused},
		{id: "F02", promise: "a name that does not resolve is Invalid at the first attempt and says so", run: unresolved},
		{id: "F03", promise: "a connection that is never answered ends at the connect timeout", run: blackHole},
		{id: "F04", promise: "a server that accepts and stays silent ends at the deadline", run: silent},
		{id: "F07", promise: "a reset before the answer is retried for a read", run: resetBefore},
		{id: "F08", promise: "an answer cut in the middle is never returned as whole", run: cutInTheMiddle},
		{id: "F09", promise: "an answer that trickles ends at the deadline", run: trickle},
		{id: "F12", promise: "garbage instead of the protocol is an error, not a crash", run: garbage},
		{id: "F13", promise: "a hostile length is refused before memory is taken", run: hostileLength},
		{id: "F14", promise: "an answer without an end stops at the cap", run: oversized},
		{id: "F15", promise: "the cap counts decoded bytes", family: only(HTTP, "the protocol has no compressed bodies of unknown size"), run: bomb},
		{id: "F16", promise: "corrupt compression is an error", run: corruptCompression},
		{id: "F17", promise: "Retry-After is waited for", family: only(HTTP, "the protocol has no such header"), run: retryAfter},
		{id: "F19", promise: "a poisonous Retry-After neither spins nor hangs", family: only(HTTP, "the protocol has no such header"), run: poisonRetryAfter},
		{id: "F21", promise: "a burst of failures is ridden out, and the retry budget holds in an outage", run: burst},
		{id: "F22", promise: "an answer that refuses the request is not retried", family: only(HTTP, "statuses are HTTP's; the source's own table of codes has its own test"), run: refusedRequests},
		{id: "F24", promise: "a redirect is not followed", family: only(HTTP, "the protocol has no redirects"), run: redirect},
		{id: "F27", promise: "a refused credential is Unauthenticated and asked for at most twice", run: refusedCredential},
		{id: "F31", promise: "calls recover after the server dropped every connection", run: dropped},
		{id: "F32", promise: "cancelling in mid-stream returns at once and stops the server", family: only(Held, "each page is one short request"), run: cancelMidStream},
		{id: "F34", promise: "a result left half read gives everything back", run: abandoned},
		{id: "F35", promise: "a deadline shorter than the wait returns at once with the real error", run: shortDeadline},
		{id: "F36", promise: "no free permit is LimitExceeded and does not count against the source", run: noPermit},
		{id: "F37", promise: "faulty calls leak no connection", run: noLeak},
		{id: "F39", promise: "layers do not multiply retries", run: amplification},
		{id: "F41", promise: "a write whose answer was lost is done once and is OutcomeUnknown", run: lostWrite},
		{id: "F43", promise: "limits that make no sense are refused by field", run: poisonConfig},
		{id: "F45", promise: "Ping is a real question", run: honestPing},
		{id: "F50", promise: "Close refuses new calls, ends running ones in time, and may be called again", run: closeUnderLoad},
		{id: "T01", promise: "no secret shows in the errors of any fault", run: canary},
	}
}
