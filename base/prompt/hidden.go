package prompt

import (
	"bytes"
	"slices"
	"strings"
)

// decodeHidden decodes the entities and escapes that stand for a hidden character, and says whether there were any. All
// others stay as they are.
func decodeHidden(text string) (string, bool) {
	return encodedParts(text, func(part string) (string, bool) {
		for _, by := range readers {
			if decoded, changed := decodePart(part, by); changed {
				return decoded, true
			}
		}
		return part, false
	})
}

// defuse ends what is still not clean: a part in which an entity stands for a hidden character has none any more.
func defuse(text string) string {
	text, _ = encodedParts(text, func(part string) (string, bool) {
		for _, by := range readers {
			if _, changed := decodePart(part, by); changed {
				return strings.NewReplacer("&", "", `\`, "").Replace(part), true
			}
		}
		return part, false
	})
	return text
}

// encodedParts gives each part with entities or escapes to change.
func encodedParts(text string, change func(string) (string, bool)) (string, bool) {
	var out strings.Builder
	done := 0
	for start, end := encoded(text, 0); start < len(text); start, end = encoded(text, end) {
		if decoded, changed := change(text[start:end]); changed {
			out.WriteString(text[done:start])
			out.WriteString(decoded)
			done = end
		}
	}
	if done == 0 {
		return text, false
	}
	out.WriteString(text[done:])
	return out.String(), true
}

// decodePart puts hidden characters in the place of what stands for them. What is nested too deep goes away.
func decodePart(part string, by encoding) (string, bool) {
	t, changed := untraced(part).decode(by)
	for depth := 1; changed && depth < mostRounds; depth++ {
		t, changed = t.decode(by)
	}
	if changed {
		t = t.withoutNested(by)
	}
	if !slices.ContainsFunc([]rune(string(t.text)), isHidden) {
		return part, false
	}
	return t.revealing(part), true
}

// withoutNested puts a hidden character into the place of all that could still be decoded, so that it is removed.
func (t *traced) withoutNested(by encoding) *traced {
	text, next := string(t.text), t.empty()
	for i := 0; i < len(text); {
		size, _ := token(text, i, by)
		if size > 0 {
			next.add("\u200B", t.from[i], t.to[i+size-1])
		} else {
			size = 1
			next.add(text[i:i+1], t.from[i], t.to[i])
		}
		i += size
	}
	return next
}

// revealing is the source with the hidden characters themselves in the place of what they were written with.
func (t *traced) revealing(source string) string {
	var out strings.Builder
	done := 0
	for i := 0; i < len(t.text); {
		end := i + 1
		for end < len(t.text) && t.from[end] == t.from[i] && t.to[end] == t.to[i] {
			end++
		}
		if one := t.text[i:end]; bytes.ContainsFunc(one, isHidden) {
			out.WriteString(source[done:t.from[i]])
			out.Write(one)
			done = t.to[i]
		}
		i = end
	}
	out.WriteString(source[done:])
	return out.String()
}
