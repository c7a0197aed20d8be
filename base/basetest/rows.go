package basetest

// Why a fault does not concern a family, or is tested elsewhere.
const (
	httpOnly    = "statuses, headers and redirects are HTTP's"
	oneDocument = "each answer is one short document, read whole; there is no stream to cancel"
	inBase      = "kept once for every source; its test is in package base"
)

// rows is the matrix: every fault that is known, in order, with what is promised or why it concerns nobody here.
func rows() []row {
	return []row{
		{id: "F01", promise: "a refused connection is Unavailable, not sent, retried for any call, and names the address", run: refused},
		{id: "F02", promise: "a name that does not resolve is Invalid at once, a name server that fails is retried, nothing is kept", run: unresolved},
		{id: "F03", promise: "a connection that is never answered ends at the connect timeout, not at that of the call", run: blackHole},
		{id: "F04", promise: "a server that accepts and stays silent ends at the deadline, and is named", run: silent},
		{id: "F04b", promise: "a TLS handshake that hangs ends at its own timeout", run: hangingHandshake},
		{id: "F05", promise: "a certificate or a version of TLS that is not right fails closed, once, and says why", run: badCertificate},
		{id: "F06", promise: "a client certificate that was replaced on disk is shown in the next handshake", run: rotatedCertificate},
		{id: "F07", promise: "a reset before the answer is retried for a read", run: resetBefore},
		{id: "F08", promise: "an answer cut in the middle is never returned as whole", run: cutInTheMiddle},
		{id: "F09", promise: "an answer that trickles ends at the deadline, one that stops at the idle limit", run: trickle},
		{id: "F10", promise: "a connection that the server closed while idle costs no call", run: deadWhileIdle},
		{id: "F10b", promise: "a connection that something in between forgot costs no call", run: forgottenWhileIdle},
		{id: "F11", promise: "an answer truncated at any byte is an error, and its connection is not used again", run: truncatedFrame},
		{id: "F12", promise: "garbage instead of the protocol is an error, not a crash", run: garbage},
		{id: "F13", promise: "a hostile length is refused before memory is taken", alone: true, run: hostileLength},
		{id: "F14", promise: "an answer without an end stops at the cap", run: oversized},
		{id: "F15", promise: "the cap counts decoded bytes", alone: true, family: only(HTTP, "blocks of the protocol state their decoded size"), run: bomb},
		{id: "F16", promise: "corrupt compression is an error", run: corruptCompression},
		{id: "F17", promise: "Retry-After is waited for", family: only(HTTP, httpOnly), run: retryAfter},
		{id: "F18", promise: "Retry-After as a date is understood in its three forms", family: only(HTTP, httpOnly), run: retryAfterDate},
		{id: "F19", promise: "a poisonous Retry-After neither spins nor hangs", family: only(HTTP, httpOnly), run: poisonRetryAfter},
		{id: "F20", promise: "other hints when to come again are read", family: only(HTTP, httpOnly), run: otherHints},
		{id: "F21", promise: "a burst of failures is ridden out, and the retry budget holds in an outage", run: burst},
		{id: "F22", promise: "an answer that refuses the request is not retried", family: only(HTTP, httpOnly+"; the source's own table of codes has its own test"), run: refusedRequests},
		{id: "F23", promise: "an error inside a good answer is an error", run: errorInside},
		{id: "F24", promise: "a redirect is not followed", family: only(HTTP, httpOnly), run: redirect},
		{id: "F25", promise: "a redirect to itself is asked once", family: only(HTTP, httpOnly), run: redirectLoop},
		{id: "F26", promise: "a name that leads to a forbidden address is not dialled", family: elsewhere("it is the dialer's doing, which a row would have to replace; the test is in internal/rest, and a source that streams dials only what the operator wrote")},
		{id: "F27", promise: "a refused credential is Unauthenticated and asked for at most twice", run: refusedCredential},
		{id: "F28", promise: "a credential that rotates under full load costs no call", run: rotated},
		{id: "F29", promise: "a secret store that is down or slow does not block who has a value", family: elsewhere("kept once for every source; its test is in package base/secret")},
		{id: "F30", promise: "a clock that is off is named with the difference, and never loops", run: skewedClock},
		{id: "F31", promise: "calls recover after the server dropped every connection and was away", run: restarted},
		{id: "F32", promise: "cancelling in mid-stream returns at once and stops the server", family: only(Held, oneDocument), run: cancelMidStream},
		{id: "F33", promise: "a cancel that is not heard is waited for only so long", run: unheardCancel},
		{id: "F34", promise: "a result left half read gives everything back", run: abandoned},
		{id: "F35", promise: "a deadline shorter than the wait returns at once with the real error", run: shortDeadline},
		{id: "F36", promise: "no free permit is LimitExceeded and does not count against the source", run: noPermit},
		{id: "F37", promise: "a thousand faulty calls leak neither connection nor goroutine", run: noLeak},
		{id: "F38", promise: "a source that comes back is not overrun", family: elsewhere(inBase + " and base/breaker")},
		{id: "F39", promise: "layers do not multiply retries", run: amplification},
		{id: "F40", promise: "a panic in a hook becomes an error and gives everything back", family: elsewhere(inBase)},
		{id: "F41", promise: "a write whose answer was lost is done once and is OutcomeUnknown", run: lostWrite},
		{id: "F42", promise: "an idempotency key is that of its call", family: elsewhere("no method of these sources sends one")},
		{id: "F43", promise: "limits that make no sense are refused by field", run: poisonConfig},
		{id: "F44", promise: "an answer of a fallback says that it is one", family: elsewhere(inBase)},
		{id: "F45", promise: "Ping is a real question", run: honestPing},
		{id: "F46", promise: "a list that drifts while it is read ends and says so", family: func(f Family) string {
			if f == Held {
				return "one answer holds all rows; lists read by cursor have their test beside the source"
			}
			return "its fixtures are bodies of the source; its test stands beside the source"
		}},
		{id: "F47", promise: "NaN, large integers, NULL and broken text survive or are typed errors", family: elsewhere("its fixtures are values of the source; its test stands beside the source")},
		{id: "F48", promise: "a stream of a language model that breaks off is partial", family: elsewhere("concerns language models")},
		{id: "F49", promise: "a loop of tool calls ends", family: elsewhere("concerns language models")},
		{id: "F50", promise: "Close refuses new calls, ends running ones in time, and may be called again", run: closeUnderLoad},
		{id: "F50b", promise: "Close cuts what does not end, says so, and returns within twice CloseGrace", run: closeOnSilence},
		{id: "F51", promise: "a host that moved is found at its new address", run: movedHost},
		{id: "F52", promise: "no file descriptor left is said, and passes", run: noDescriptors},
		{id: "T01", promise: "no secret shows in the errors of any fault", run: echoed},
	}
}
