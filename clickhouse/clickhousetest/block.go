package clickhousetest

import (
	"fmt"
	"slices"
	"sync"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"
)

// blockForm is all that the bytes of a block depend on besides its content.
type blockForm struct {
	version    int
	compressed bool
}

// encodedBlock is a whole data packet.
type encodedBlock struct {
	data []byte
	rows int
}

// The real server compresses at most so many bytes at a time.
const maxCompressedFrame = 1 << 20

// encodeBlock is the data packet of these rows. Without rows it is the header that comes before every result.
func encodeBlock(form blockForm, columns []Column, rows [][]any) ([]byte, error) {
	return encodePacket(proto.ServerCodeData, form, func(b *proto.Buffer) error {
		return putBlock(b, form.version, columns, rows)
	})
}

// contents are buffers for the bytes of a block before they are framed: large ones, which would be made anew each time.
var contents = sync.Pool{New: func() any { return new(proto.Buffer) }}

func encodePacket(code proto.ServerCode, form blockForm, body func(*proto.Buffer) error) ([]byte, error) {
	content := contents.Get().(*proto.Buffer)
	defer contents.Put(content)
	content.Reset()
	if err := body(content); err != nil {
		return nil, err
	}
	var packet proto.Buffer
	code.Encode(&packet)
	if proto.FeatureTempTables.In(form.version) {
		packet.PutString("")
	}
	if !form.compressed {
		packet.PutRaw(content.Buf)
		return packet.Buf, nil
	}
	w := compress.NewWriter(compress.LevelZero, compress.LZ4)
	for frame := range slices.Chunk(content.Buf, maxCompressedFrame) {
		if err := w.Compress(frame); err != nil {
			return nil, fmt.Errorf("compress a block: %w", err)
		}
		packet.PutRaw(w.Data)
	}
	return packet.Buf, nil
}

func putBlock(b *proto.Buffer, version int, columns []Column, rows [][]any) error {
	if proto.FeatureBlockInfo.In(version) {
		proto.BlockInfo{BucketNum: -1}.Encode(b)
	}
	b.PutInt(len(columns))
	b.PutInt(len(rows))
	values := make([]any, len(rows))
	for i, column := range columns {
		codec, err := codecFor(column.Type)
		if err != nil {
			return exceptionf(codeUnknownType, "Column %s: %v", column.Name, err)
		}
		putColumnHead(b, version, column)
		if len(rows) == 0 {
			continue
		}
		for j, row := range rows {
			if i >= len(row) {
				return exceptionf(codeIncorrectData, "Row %d has %d values, there are %d columns", j, len(row), len(columns))
			}
			values[j] = row[i]
		}
		codec.state(b)
		if err := codec.encode(b, values); err != nil {
			return exceptionf(codeTypeMismatch, "Column %s: %v", column.Name, err)
		}
	}
	return nil
}

func putColumnHead(b *proto.Buffer, version int, column Column) {
	b.PutString(column.Name)
	b.PutString(column.Type)
	if proto.FeatureCustomSerialization.In(version) {
		b.PutBool(false)
	}
}

// readBlock reads the block of a data packet after its table's name. The end of the data has no columns.
func readBlock(r *proto.Reader, version int) (columns []Column, rows [][]any, err error) {
	if proto.FeatureBlockInfo.In(version) {
		var info proto.BlockInfo
		if err := info.Decode(r); err != nil {
			return nil, nil, err
		}
	}
	width, err := r.Int()
	if err != nil {
		return nil, nil, err
	}
	height, err := r.Int()
	if err != nil {
		return nil, nil, err
	}
	if width < 0 || width > 1<<16 || height < 0 || height > maxDecodedRows {
		return nil, nil, fmt.Errorf("a block of %d columns and %d rows", width, height)
	}
	if width > 0 {
		rows = make([][]any, height)
		for i := range rows {
			rows[i] = make([]any, width)
		}
	}
	for i := range width {
		column, values, err := readColumn(r, version, height)
		if err != nil {
			return nil, nil, fmt.Errorf("column %d (%s %s): %w", i, column.Name, column.Type, err)
		}
		columns = append(columns, column)
		for j, v := range values {
			rows[j][i] = v
		}
	}
	return columns, rows, nil
}

func readColumn(r *proto.Reader, version, rows int) (column Column, values []any, err error) {
	if column.Name, err = r.Str(); err != nil {
		return column, nil, err
	}
	if column.Type, err = r.Str(); err != nil {
		return column, nil, err
	}
	if proto.FeatureCustomSerialization.In(version) {
		custom, err := r.Bool()
		if err != nil {
			return column, nil, err
		}
		if custom {
			return column, nil, fmt.Errorf("custom serialization is not known to this server")
		}
	}
	codec, err := codecFor(column.Type)
	if err != nil || rows == 0 {
		return column, nil, err
	}
	if err := codec.readState(r); err != nil {
		return column, nil, err
	}
	values, err = codec.decode(r, rows)
	return column, values, err
}
