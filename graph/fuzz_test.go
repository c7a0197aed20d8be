package graph

import (
	"strings"
	"testing"
)

func FuzzStatementsThatPassHoldNothingThatReachesOut(f *testing.F) {
	for _, seed := range []string{
		"MATCH (n) RETURN n", "LOAD CSV FROM 'x' AS l RETURN l", "load/**/csv", "RETURN 'LOAD CSV'", "RETURN `LOAD` + ' CSV'", "CALL `dbms`.`killConnection`()",
		"RETURN \"a\\\"\" // LOAD CSV\n", "MATCH (n:`a``b`) RETURN n.load", "EXPLAIN CYPHER 5 runtime=slotted RETURN 1;", "RETURN $load, $`csv`", "\\u004COAD CSV",
		"USING PERIODIC COMMIT LOAD\u00a0CSV", "RETURN apoc . cypher . runFirstColumnSingle('x', {})", "/*", "'", "`",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cypher string) {
		if checkReading(cypher, nil) != nil {
			return
		}
		all, err := lex(cypher)
		if err != nil {
			t.Fatalf("%q passes and cannot be read: %v", cypher, err)
		}
		var words []string
		for _, one := range all {
			if one.kind == tokenWord {
				words = append(words, strings.ToUpper(one.text))
			} else {
				words = append(words, "-")
			}
		}
		text := " " + strings.Join(words, " ") + " "
		for _, word := range []string{" LOAD CSV ", " TERMINATE TRANSACTION", " PROFILE LOAD"} {
			if strings.Contains(text, word) {
				t.Errorf("%q passes with %s", cypher, word)
			}
		}
		// What is hidden in a comment, in spaces or behind another statement does not pass either.
		for _, hidden := range []string{cypher + "\n UNION LOAD /* x */ CSV FROM 'x' AS l RETURN l", cypher + "\n;RETURN 1"} {
			if len(all) > 0 && checkReading(hidden, nil) == nil {
				t.Errorf("%q passes", hidden)
			}
		}
	})
}

func FuzzImportsAreReadOrRefused(f *testing.F) {
	for _, seed := range []string{
		`{"repo":"a/b c","services":{"s":1},"classes":[{"service":"s","path":"p","class":"C","methods":[{"name":"m","line":1,"end":2}]}],"edges":[{"from":"s","to":"t"}]}`,
		`{"classes":[{"class":"C","calls":[{"line":1,"method":"m","to":"D#n"}]}]}`, `{"classes":[{`, `[]`, `{} {}`, `{"edges":{}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		i := &importer{}
		i.weight = -1 << 30 // never written: there is no client
		if err := readGraph(strings.NewReader(text), i); err != nil {
			if err.Error() == "" {
				t.Errorf("%q: an error without a word", text)
			}
			return
		}
		if !strings.HasPrefix(strings.TrimSpace(text), "{") {
			t.Errorf("%q is no object, and passes", text)
		}
	})
}

func FuzzTheWatchJudgesAStreamAsItJudgesItsPieces(f *testing.F) {
	f.Add([]byte("\x00\x00\x08\x05\x00\x08\xB1\x70\xA1\x81a\x91\x81b\x00\x00"), uint8(2))
	f.Add([]byte("\x00\x00\x01\xFF\x02\x00\x08\x08\x05\x00\x02\x04\x04\x80\x01\x00\x00\x00\x07\xB1\x71\x92\xD0\x02ab\x00\x01\xC0\x00\x00"), uint8(0))
	f.Add([]byte("\x00\x00\x08\x05\x00\x09\xB1\x71\x91\xD6\x7F\xFF\xFF\xFF\x01"), uint8(4))
	f.Fuzz(func(t *testing.T, stream []byte, size uint8) {
		var whole, pieces watch
		want := whole.see(stream)
		var got error
		for rest := stream; len(rest) > 0 && got == nil; {
			n := min(len(rest), int(size)+1)
			got, rest = pieces.see(rest[:n]), rest[n:]
		}
		if (got == nil) != (want == nil) || got != nil && got.Error() != want.Error() {
			t.Errorf("in pieces %v, whole %v", got, want)
		}
		if whole.all > maxMessage+1 && want == nil || len(whole.open) > maxNested+1 || len(whole.piece) > 4*maxOffers {
			t.Errorf("%d values announced, %d levels, %d bytes kept", whole.all, len(whole.open), len(whole.piece))
		}
	})
}
