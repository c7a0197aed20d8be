package base

// Hint is what a caller may change, in words that stand in the program itself. It holds no text from outside, so it is
// shown as it is: a secret that happens to be one of its words is not hidden there, for the gap would tell which word.
type Hint struct{ text string }

// constant is the type of the words of a Hint. No other package can name it, so that the compiler takes nothing but
// constants.
type constant string

// HintOf is a Hint of these words, which must be a constant; nothing else compiles.
func HintOf(words constant) Hint { return Hint{string(words)} }

// String is the words.
func (h Hint) String() string { return h.text }

// SetHint sets the field Hint to words of the program. A text that is put into the field itself may come from outside,
// and is cleaned of secrets before the error is returned.
func (e *Error) SetHint(h Hint) { e.Hint, e.own = h.text, h }

// foreignHint is the hint if it may hold text from outside.
func (e *Error) foreignHint() *string {
	if e.Hint == e.own.text {
		return new(string)
	}
	return &e.Hint
}
