package clickhouse

import (
	"io"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"

	"github.com/fourkites/sources/base/rows"
)

const (
	// revision is the protocol that we speak: ClickHouse 22.6 and later, up to what the server knows.
	revision = 54460
	// oldestRevision is that of ClickHouse 18.16, the oldest that was tried.
	oldestRevision = 54412
	// the revision from which on the client tells who it is; ch-go has a later one.
	revisionClientInfo = 54032

	clientName = "fourkites-sources"
)

// hello is what the server says of itself.
type hello struct {
	name     string
	revision int
	major    int
	minor    int
	zone     *time.Location
}

// setting is one setting of a query. Those that are not important are ignored by a server that does not know them.
type setting struct {
	name, value string
	number      bool // the old form writes numbers as such
	modern      bool // unknown to servers of the old form
}

// request is one query as it goes on the wire.
type request struct {
	sql      string
	id       string
	settings []setting
	params   map[string]string // in the form that encodeParam gives
}

func encodeHello(b *proto.Buffer, database, user, password string) {
	proto.ClientHello{
		Name: clientName, Major: 1, Minor: 0, ProtocolVersion: revision, Database: database, User: user, Password: password,
	}.Encode(b)
}

// encodeQuery writes a query and the empty block after it.
func encodeQuery(b *proto.Buffer, v int, compression proto.Compression, method compress.Method, r request) error {
	proto.ClientCodeQuery.Encode(b)
	b.PutString(r.id)
	if v >= revisionClientInfo {
		proto.ClientInfo{
			ProtocolVersion: revision, Major: 1, Interface: proto.InterfaceTCP, Query: proto.ClientQueryInitial,
			InitialQueryID: r.id, InitialAddress: "0.0.0.0:0", ClientName: clientName,
		}.EncodeAware(b, v)
	}
	for _, s := range r.settings {
		if err := encodeSetting(b, v, s); err != nil {
			return err
		}
	}
	b.PutString("")
	if proto.FeatureInterServerSecret.In(v) {
		b.PutString("")
	}
	proto.StageComplete.Encode(b)
	compression.Encode(b)
	b.PutString(r.sql)
	if proto.FeatureParameters.In(v) {
		names := make([]string, 0, len(r.params))
		for name := range r.params {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			proto.Parameter{Key: name, Value: r.params[name]}.Encode(b)
		}
		b.PutString("")
	}
	return encodeEmptyBlock(b, v, compression, method)
}

func encodeSetting(b *proto.Buffer, v int, s setting) error {
	if proto.FeatureSettingsSerializedAsStrings.In(v) {
		proto.Setting{Key: s.name, Value: s.value}.Encode(b)
		return nil
	}
	if s.modern {
		return nil
	}
	b.PutString(s.name)
	if !s.number {
		b.PutString(s.value)
		return nil
	}
	n, err := strconv.ParseUint(s.value, 10, 64)
	b.PutUVarInt(n)
	return err
}

// encodeEmptyBlock says that no external tables follow.
func encodeEmptyBlock(b *proto.Buffer, v int, compression proto.Compression, method compress.Method) error {
	proto.ClientCodeData.Encode(b)
	proto.ClientData{}.EncodeAware(b, v)
	start := len(b.Buf)
	proto.Block{}.EncodeAware(b, v)
	if compression == proto.CompressionDisabled {
		return nil
	}
	w := compress.NewWriter(0, method)
	if err := w.Compress(b.Buf[start:]); err != nil {
		return err
	}
	b.Buf = append(b.Buf[:start], w.Data...)
	return nil
}

// decodeHello reads the server's answer to ours; code is already read.
func decodeHello(in *input) (h hello, err error) {
	h.zone = time.UTC
	if h.name, err = in.text(); err != nil {
		return h, err
	}
	for _, field := range []*int{&h.major, &h.minor, &h.revision} {
		if *field, err = in.count("in a version", 1<<24); err != nil {
			return h, err
		}
	}
	v := min(h.revision, revision)
	if proto.FeatureTimezone.In(v) {
		name, err := in.text()
		if err != nil {
			return h, err
		}
		if zone, err := time.LoadLocation(name); err == nil {
			h.zone = zone
		}
	}
	if proto.FeatureDisplayName.In(v) {
		if _, err = in.text(); err != nil {
			return h, err
		}
	}
	if proto.FeatureVersionPatch.In(v) {
		_, err = in.count("in a version", 1<<24)
	}
	return h, err
}

func decodeException(in *input) (*ServerError, error) {
	code, err := in.uint32()
	if err != nil {
		return nil, err
	}
	e := &ServerError{Code: int(int32(code))}
	var stack string
	for _, field := range []*string{&e.Name, &e.Message, &stack} {
		if *field, err = in.text(); err != nil {
			return nil, err
		}
	}
	_, err = in.byte() // once said whether another exception is nested within
	return e, err
}

// skipNumbers reads over the numbers of a progress or profile packet.
func skipNumbers(in *input, n int) error {
	for range n {
		if _, err := in.uvarint(); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) progress(in *input, v int) error {
	read, err := in.uvarint()
	if err != nil {
		return err
	}
	bytes, err := in.uvarint()
	if err != nil {
		return err
	}
	s.rowsRead.Add(int64(read))
	s.bytesRead.Add(int64(bytes))
	rest := 1
	if proto.FeatureClientWriteInfo.In(v) {
		rest += 2
	}
	if proto.FeatureServerQueryTimeInProgress.In(v) {
		rest++
	}
	return skipNumbers(in, rest)
}

// profile is rows, blocks, bytes, a flag, rows before the limit, and a flag.
func profile(in *input) error {
	if err := skipNumbers(in, 3); err != nil {
		return err
	}
	if _, err := in.byte(); err != nil {
		return err
	}
	if err := skipNumbers(in, 1); err != nil {
		return err
	}
	_, err := in.byte()
	return err
}

// table decodes the blocks of one answer: its columns are those of the first block.
type table struct {
	columns  []rows.Column
	decoders []column
	vectors  []rows.Vector
	zone     *time.Location
	parts    int // of all types
	typeText int // bytes of all types
}

// Bounds on the types of one block: a decoder takes far more memory than its name.
const (
	maxTypeParts = 1 << 15
	maxTypeText  = 1 << 20
)

// block reads one block and returns how many rows it has. The types of all columns of the first block are looked at
// before any value is decoded only where the server announces them in a block without rows, which it does.
func (t *table) block(in *input, v int) (int, error) {
	if err := blockInfo(in, v); err != nil {
		return 0, err
	}
	columns, err := in.count("columns", maxColumns)
	if err != nil {
		return 0, err
	}
	n, err := in.count("rows", maxRows)
	if err != nil {
		return 0, err
	}
	if columns == 0 {
		return 0, nil
	}
	first := t.columns == nil
	if !first && columns != len(t.columns) {
		return 0, malformed("a block of %d columns after one of %d", columns, len(t.columns))
	}
	for i := range columns {
		if err := t.column(in, v, i, n, first); err != nil {
			return 0, err
		}
	}
	return n, nil
}

func (t *table) column(in *input, v, i, n int, first bool) error {
	name, err := in.text()
	if err != nil {
		return err
	}
	typ, err := in.text()
	if err != nil {
		return err
	}
	if err := customSerialization(in, v); err != nil {
		return err
	}
	if first {
		if err := t.add(name, typ); err != nil {
			return err
		}
	} else if t.columns[i].Type != typ {
		return malformed("column %d has type %.100q after %.100q", i, typ, t.columns[i].Type)
	}
	if n == 0 {
		return nil
	}
	if err := t.decoders[i].prefix(in); err != nil {
		return t.named(i, err)
	}
	t.vectors[i], err = t.decoders[i].read(in, n)
	return t.named(i, err)
}

// named adds the column to an error about its type.
func (t *table) named(i int, err error) error {
	if _, ok := err.(*unsupportedError); ok { //nolint:errorlint // as made by the decoder, never wrapped
		return &columnError{t.columns[i].Name, err}
	}
	return err
}

func (t *table) add(name, typ string) error {
	t.typeText += len(typ)
	t.parts += 1 + strings.Count(typ, "(") + strings.Count(typ, ",")
	if t.typeText > maxTypeText || t.parts > maxTypeParts {
		return malformed("types of more than %d parts or %d bytes; select fewer columns", maxTypeParts, maxTypeText)
	}
	c, err := newColumn(typ, t.zone, 0)
	if err != nil {
		return &columnError{name, err}
	}
	parsed, _ := parseType(typ)
	t.columns = append(t.columns, rows.Column{Name: name, Type: typ, Nullable: parsed.nullable()})
	t.decoders = append(t.decoders, c)
	t.vectors = append(t.vectors, nil)
	return nil
}

func customSerialization(in *input, v int) error {
	if !proto.FeatureCustomSerialization.In(v) {
		return nil
	}
	custom, err := in.byte()
	if err == nil && custom != 0 {
		return malformed("a serialization that was not agreed on")
	}
	return err
}

func blockInfo(in *input, v int) error {
	if !proto.FeatureBlockInfo.In(v) {
		return nil
	}
	for {
		field, err := in.uvarint()
		if err != nil {
			return err
		}
		switch field {
		case 0:
			return nil
		case 1:
			_, err = in.byte()
		case 2:
			_, err = in.uint32()
		default:
			return malformed("block field %d", field)
		}
		if err != nil {
			return err
		}
	}
}

var _ io.Reader = (*input)(nil)
