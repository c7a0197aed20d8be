package clickhousetest

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fourkites/sources/internal/script"
)

// DefaultRowsPerBlock is how many rows a block has unless a reply or the setting max_block_size says otherwise: the
// real server's max_block_size.
const DefaultRowsPerBlock = 65_409

// Column is the name and the ClickHouse type of a column.
type Column struct{ Name, Type string }

// Reply is a scripted answer. Values are given as Go values that fit the column's type: string, any integer, float64,
// bool, time.Time, nil for NULL, []any or a typed slice for Array and Tuple, map[string]any (or of string, float64,
// bool) for Map. Do not write to a Reply after handing it to a server.
type Reply struct {
	Columns []Column
	Rows    [][]any

	RowsPerBlock int           // zero or less is DefaultRowsPerBlock
	Repeat       int           // how often Rows are sent: 0 and 1 mean once, negative without end, until the client stops
	Delay        time.Duration // before the first packet
	Pause        time.Duration // before each block of rows
	Progress     []Progress    // sent before the rows; without any, one packet counts the rows sent
	Err          *Exception    // sent after the rows, in place of the end; without Columns it is the whole answer
	Times        int           // after so many answers the reply is used up; zero or less is never, before another one once
}

// Progress is one progress packet: what was read since the last.
type Progress struct{ Rows, Bytes, TotalRows uint64 }

// Bulk is a large reply at no cost per row, for measurements: the columns id UInt64, name String and at DateTime, sent
// as so many blocks of so many rows, each the same bytes, encoded once per server.
func Bulk(rowsPerBlock, blocks int) Reply {
	rows := make([][]any, max(rowsPerBlock, 1))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range rows {
		rows[i] = []any{uint64(i), "row" + strings.Repeat("x", i%5) + string(rune('a'+i%26)), start.Add(time.Duration(i) * time.Second)}
	}
	return Reply{
		Columns:      []Column{{"id", "UInt64"}, {"name", "String"}, {"at", "DateTime"}},
		Rows:         rows,
		RowsPerBlock: len(rows),
		Repeat:       blocks,
	}
}

// Reply answers the queries for which match is true. Of several scripted replies that match, the one added last is
// used. Several replies given together take turns, each once, or as often as its Times says; the last one stays. A nil
// match means all queries. The function is called with a copy and must be safe for concurrent use.
func (s *Server) Reply(match func(Request) bool, replies ...Reply) {
	turns := make([]script.Turn[*scripted], len(replies))
	for i, r := range replies {
		turns[i] = script.Turn[*scripted]{Reply: &scripted{reply: r, blocks: map[blockForm][]encodedBlock{}}, Times: r.Times}
	}
	s.script.Add(match, turns...)
}

// ReplyTo answers the queries whose SQL contains this text, by the rules of [Server.Reply].
func (s *Server) ReplyTo(text string, replies ...Reply) {
	s.Reply(func(r Request) bool { return strings.Contains(r.SQL, text) }, replies...)
}

// ClearReplies forgets every scripted reply.
func (s *Server) ClearReplies() { s.script.Clear() }

// scripted is a reply with its blocks, which are encoded once.
type scripted struct {
	reply Reply

	mu     sync.Mutex
	blocks map[blockForm][]encodedBlock
}

// encoded is the reply's blocks of rows in one form, made once.
func (c *scripted) encoded(form blockForm) ([]encodedBlock, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if blocks, ok := c.blocks[form]; ok {
		return blocks, nil
	}
	size := c.reply.RowsPerBlock
	if size <= 0 {
		size = DefaultRowsPerBlock
	}
	var blocks []encodedBlock
	for chunk := range slices.Chunk(c.reply.Rows, size) {
		data, err := encodeBlock(form, c.reply.Columns, chunk)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, encodedBlock{data, len(chunk)})
	}
	c.blocks[form] = blocks
	return blocks, nil
}
