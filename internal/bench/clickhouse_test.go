package bench

import (
	"context"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	clickhousego "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/internal/engines"
)

const (
	bulkBlocks = 153
	bulkRows   = bulkBlocks * clickhousetest.DefaultRowsPerBlock // ten million
	bulkSQL    = "SELECT id, name, at FROM bulk"
	realSQL    = "SELECT number AS id, concat('row', repeat('x', number % 5), 'a') AS name, toDateTime(1700000000 + number) AS at " +
		"FROM numbers(10007577)"
)

type bulkRow struct {
	ID   uint64    `db:"id" ch:"id"`
	Name string    `db:"name" ch:"name"`
	At   time.Time `db:"at" ch:"at"`
}

// bulkServer replays blocks that were encoded once; with INTEGRATION=1 it is a real server that computes them.
func bulkServer(b *testing.B) (address, sql string) {
	b.Helper()
	if os.Getenv("INTEGRATION") == "1" {
		return engines.ClickHouse(b).Addr, realSQL
	}
	server := clickhousetest.NewServer()
	b.Cleanup(server.Close)
	server.ReplyTo(bulkSQL, clickhousetest.Bulk(clickhousetest.DefaultRowsPerBlock, bulkBlocks))
	return server.Addr(), bulkSQL
}

// BenchmarkBulk reads ten million rows (UInt64, String, DateTime) in every way, in one run: the socket drained and not
// decoded, clickhouse-go's Select and Scan, our Scan, our columns, our structs as they arrive and collected. x_drain is time by that of the drain, select_x the time of
// Select by this one's.
func BenchmarkBulk(b *testing.B) {
	address, sql := bulkServer(b)
	client, err := clickhouse.New(b.Context(), clickhouse.Config{
		Addresses: []string{address}, Database: "default", Compression: "none", MaxRows: -1, MaxBytes: -1,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	driver, err := clickhousego.Open(&clickhousego.Options{Addr: []string{address}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = driver.Close() })

	took := map[string]float64{}
	run := func(name string, read func(context.Context) (int, error)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if n, err := read(b.Context()); err != nil || n != bulkRows {
					b.Fatalf("%d rows, %v", n, err)
				}
			}
			took[name] = b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(took[name]/took["drain"], "x_drain")
			b.ReportMetric(took["select"]/took[name], "select_x")
		})
	}
	query := func(ctx context.Context) *rows.Rows {
		r, err := client.Query(ctx, clickhouse.Query{SQL: sql})
		if err != nil {
			b.Fatal(err)
		}
		return r
	}
	drain := newDrain(b, address, sql)
	run("drain", drain.read)
	run("select", func(ctx context.Context) (int, error) {
		var all []bulkRow
		err := driver.Select(ctx, &all, sql)
		return len(all), err
	})
	run("scan", func(ctx context.Context) (int, error) { return scanAll(ctx, driver, sql) })
	run("scanned", func(ctx context.Context) (n int, err error) {
		r := query(ctx)
		defer func() { _ = r.Close() }()
		var row bulkRow
		for ; r.Next(); n++ {
			if err := r.Scan(&row.ID, &row.Name, &row.At); err != nil {
				return n, err
			}
		}
		return n, r.Err()
	})
	run("columns", func(ctx context.Context) (int, error) { return sumColumns(query(ctx)) })
	run("structs", func(ctx context.Context) (n int, err error) {
		for row, err := range rows.ToStruct[bulkRow](query(ctx)) {
			if err != nil {
				return n, err
			}
			if row.Name != "" {
				n++
			}
		}
		return n, nil
	})
	run("collected", func(ctx context.Context) (int, error) {
		all, err := rows.Collect(query(ctx), rows.ToStruct[bulkRow])
		return len(all), err
	})
}

func scanAll(ctx context.Context, driver clickhousego.Conn, sql string) (n int, err error) {
	r, err := driver.Query(ctx, sql)
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close() }()
	for ; r.Next(); n++ {
		var row bulkRow
		if err := r.Scan(&row.ID, &row.Name, &row.At); err != nil {
			return n, err
		}
	}
	return n, r.Err()
}

func sumColumns(r *rows.Rows) (n int, err error) {
	var sum uint64
	for batch, err := range r.Batches() {
		if err != nil {
			return n, err
		}
		for _, id := range batch.Vector(0).(rows.Numbers[uint64])[:batch.Len()] {
			sum += id
		}
		names, at := batch.Vector(1).(*rows.Strings), batch.Vector(2).(*rows.Times)
		sum += uint64(len(names.Bytes(batch.Len()-1))) + uint64(at.Ticks[0])
		n += batch.Len()
	}
	if sum == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return n, nil
}

// drained reads an answer off the socket and looks at none of it.
type drained struct {
	address, sql string
	bytes        int64
}

// newDrain learns how long the answer is.
func newDrain(b *testing.B, address, sql string) *drained {
	b.Helper()
	d := &drained{address: address, sql: sql}
	conn, err := d.ask(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	buf := make([]byte, 1<<20)
	for {
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		n, err := conn.Read(buf)
		d.bytes += int64(n)
		if err != nil {
			return d
		}
	}
}

func (d *drained) read(ctx context.Context) (int, error) {
	conn, err := d.ask(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	buf := make([]byte, 1<<18)
	// The real server's progress packets differ from run to run by some bytes.
	for left := d.bytes - d.bytes/100; left > 0; {
		n, err := conn.Read(buf)
		if err != nil {
			return 0, err
		}
		left -= int64(n)
	}
	return bulkRows, nil
}

// ask shakes hands and sends the query.
func (d *drained) ask(ctx context.Context) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", d.address)
	if err != nil {
		return nil, err
	}
	var b proto.Buffer
	proto.ClientHello{Name: "drain", Major: 1, ProtocolVersion: proto.Version, Database: "default", User: "default"}.Encode(&b)
	if _, err := conn.Write(b.Buf); err != nil {
		return nil, err
	}
	r := proto.NewReader(conn)
	var hello proto.ServerHello
	if _, err := r.UVarInt(); err != nil {
		return nil, err
	}
	if err := hello.DecodeAware(r, proto.Version); err != nil {
		return nil, err
	}
	b.Reset()
	b.PutString("")
	proto.Query{
		Body: d.sql, Stage: proto.StageComplete, Compression: proto.CompressionDisabled,
		Info: proto.ClientInfo{
			ProtocolVersion: proto.Version, Interface: proto.InterfaceTCP, Query: proto.ClientQueryInitial, InitialAddress: "0.0.0.0:0",
		},
	}.EncodeAware(&b, proto.Version)
	proto.ClientCodeData.Encode(&b)
	proto.ClientData{}.EncodeAware(&b, proto.Version)
	proto.Block{}.EncodeAware(&b, proto.Version)
	_, err = conn.Write(b.Buf)
	return conn, err
}
