package minisql_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/internal/minisql"
)

// shop is a database with NULLs, equal names in two tables, and arrays.
func shop() *minisql.DB {
	db := minisql.New()
	db.Put(minisql.Table{
		Name: "shop.orders",
		Columns: []minisql.Column{
			{Name: "id", Type: "UInt64"},
			{Name: "customer", Type: "Nullable(String)"},
			{Name: "price", Type: "Float64"},
			{Name: "tags", Type: "Array(String)"},
			{Name: "change", Type: "Int64"},
			{Name: "extra", Type: "Map(String, Float64)"},
		},
		Rows: [][]any{
			{uint64(1), "ann", 2.5, []any{"a", "b"}, int64(-1), map[string]any{"w": 3.0}},
			{uint64(2), "bob", 4.0, []any{}, int64(5), map[string]any{}},
			{uint64(3), nil, 1.0, []any{"b"}, int64(-3), map[string]any{}},
			{uint64(4), "ann", 0.5, []any{"c"}, int64(0), map[string]any{}},
			{uint64(5), "", 9.0, []any{}, int64(2), map[string]any{}},
		},
	})
	db.Put(minisql.Table{
		Name:    "shop.customers",
		Columns: []minisql.Column{{Name: "id", Type: "UInt64"}, {Name: "customer", Type: "String"}, {Name: "city", Type: "FixedString(4)"}},
		Rows:    [][]any{{uint64(10), "ann", "Rome"}, {uint64(11), "eve", "Oslo"}, {uint64(12), "ann", "Bern"}},
	})
	return db
}

// statement is a statement, its rows and the types of its columns.
type statement struct {
	sql   string
	want  [][]any
	types []string
}

func checkStatements(t *testing.T, db *minisql.DB, all []statement) {
	t.Helper()
	for _, s := range all {
		t.Run(s.sql, func(t *testing.T) {
			t.Parallel()
			got, err := db.Query(t.Context(), s.sql, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s.want, got.Rows); diff != "" {
				t.Error(diff)
			}
			var types []string
			for _, c := range got.Columns {
				types = append(types, c.Type)
			}
			if diff := cmp.Diff(s.types, types); s.types != nil && diff != "" {
				t.Error(diff)
			}
		})
	}
}

func n(all ...uint64) [][]any {
	var rows [][]any
	for _, v := range all {
		rows = append(rows, []any{v})
	}
	return rows
}

func TestSelectionsAndTheirOrder(t *testing.T) {
	t.Parallel()
	checkStatements(t, shop(), []statement{
		{"SELECT id FROM shop.orders ORDER BY price DESC LIMIT 2", n(5, 2), []string{"UInt64"}},
		{"SELECT `id` FROM `shop`.`orders` WHERE id > 3; ", n(4, 5), nil},
		{"SELECT id /* all */ FROM shop.orders -- of them\nWHERE id < 3", n(1, 2), nil},
		{"SELECT id FROM shop.orders PREWHERE id > 1 WHERE price > 3 SETTINGS max_threads = 1, log_comment = 'x' FORMAT JSON", n(2, 5), nil},
		{"SELECT id AS x, x + 1 AS y FROM shop.orders WHERE y = 3", [][]any{{uint64(2), uint64(3)}}, []string{"UInt64", "UInt64"}},
		{"SELECT o.id FROM shop.orders AS o WHERE o.customer = 'bob'", n(2), nil},
		{"SELECT orders.id FROM shop.orders WHERE shop.orders.id = 2", n(2), nil},
		{"SELECT id FROM shop.orders ORDER BY customer, id", n(5, 1, 4, 2, 3), nil},
		{"SELECT id FROM shop.orders ORDER BY customer DESC NULLS FIRST, id DESC", n(3, 2, 4, 1, 5), nil},
		{"SELECT id FROM shop.orders ORDER BY id LIMIT 1, 2", n(2, 3), nil},
		{"SELECT id FROM shop.orders ORDER BY id LIMIT 2 OFFSET 3", n(4, 5), nil},
		{"SELECT id FROM shop.orders WHERE customer IS NULL", n(3), nil},
		{"SELECT id FROM shop.orders WHERE customer != 'ann' ORDER BY id", n(2, 5), nil},
		{"SELECT id FROM shop.orders WHERE NOT customer IN ('ann', 'bob')", n(5), nil},
		{"SELECT id FROM shop.orders WHERE has(tags, 'b')", n(1, 3), nil},
		{"SELECT id FROM shop.orders WHERE extra['w'] < 1 ORDER BY id", n(2, 3, 4, 5), nil},
		{"SELECT id FROM shop.orders WHERE id = '2' OR id IN ('3')", n(2, 3), nil},
		{"SELECT DISTINCT customer FROM shop.orders ORDER BY customer", [][]any{{""}, {"ann"}, {"bob"}, {nil}}, []string{"Nullable(String)"}},
		{"SELECT customer, id FROM shop.orders ORDER BY customer, id LIMIT 1 BY customer LIMIT 2", [][]any{{"", uint64(5)}, {"ann", uint64(1)}}, nil},
		{"SELECT count() FROM (SELECT id FROM shop.orders WHERE id > 2) AS s WHERE s.id < 5", n(2), nil},
		{"SELECT (SELECT max(id) FROM shop.orders) - 1", [][]any{{int64(4)}}, nil},
		{"WITH 2 AS two SELECT id FROM shop.orders WHERE id = two", n(2), nil},
		{"WITH (SELECT min(id) FROM shop.orders) AS low, low + 1 AS next SELECT next", n(2), nil},
		{"WITH a AS (SELECT id FROM shop.orders WHERE id > 1), b AS (SELECT id FROM a WHERE id < 4) SELECT id FROM b", n(2, 3), nil},
		{"WITH a AS (SELECT id FROM shop.orders WHERE id > 3) SELECT id FROM shop.orders WHERE id IN a", n(4, 5), nil},
		{"SELECT id FROM shop.orders WHERE (id, customer) IN (SELECT id, customer FROM shop.orders WHERE price > 3)", n(2, 5), nil},
		{"SELECT 1 AS x UNION ALL SELECT 300 UNION ALL (SELECT 2)", n(1, 300, 2), []string{"UInt16"}},
		{"SELECT id, tag FROM shop.orders ARRAY JOIN tags AS tag WHERE id < 3", [][]any{{uint64(1), "a"}, {uint64(1), "b"}}, []string{"UInt64", "String"}},
		{"SELECT id, tag FROM shop.orders LEFT ARRAY JOIN tags AS tag WHERE id = 2", [][]any{{uint64(2), ""}}, nil},
		{"SELECT arrayJoin(tags) AS tag, count() AS c FROM shop.orders GROUP BY tag ORDER BY tag", [][]any{{"a", one}, {"b", uint64(2)}, {"c", one}}, []string{"String", "UInt64"}},
		{"SELECT number FROM system.numbers LIMIT 2 OFFSET 1", n(1, 2), nil},
		{"SELECT number FROM numbers(5, 2)", n(5, 6), nil},
		{"SELECT * FROM system.one", n(0), []string{"UInt8"}},
	})
}

func TestJoins(t *testing.T) {
	t.Parallel()
	checkStatements(t, shop(), []statement{
		{
			"SELECT o.id, c.city FROM shop.orders o INNER JOIN shop.customers c ON o.customer = c.customer AND c.city != 'Bern' ORDER BY o.id",
			[][]any{{uint64(1), "Rome"}, {uint64(4), "Rome"}},
			[]string{"UInt64", "FixedString(4)"},
		},
		{
			"SELECT o.id, c.id FROM shop.orders AS o LEFT JOIN shop.customers AS c ON c.customer = o.customer WHERE o.id < 4 ORDER BY o.id, c.id",
			[][]any{{uint64(1), uint64(10)}, {uint64(1), uint64(12)}, {uint64(2), none}, {uint64(3), none}},
			nil,
		},
		{"SELECT o.id, c.id FROM shop.orders AS o ANY LEFT JOIN shop.customers AS c USING (customer) WHERE o.id = 1", [][]any{{one, uint64(10)}}, nil},
		{
			"SELECT c.* FROM shop.orders AS o JOIN shop.customers AS c USING customer WHERE o.id = 4 ORDER BY c.id DESC LIMIT 1",
			[][]any{{uint64(12), "ann", "Bern"}},
			nil,
		},
		{
			"SELECT a.id, b.id FROM shop.orders AS a JOIN shop.orders AS b ON a.id = b.id + 3",
			[][]any{{uint64(4), one}, {uint64(5), uint64(2)}},
			nil,
		},
		{"SELECT count() FROM (SELECT * FROM shop.customers AS l JOIN shop.customers AS r ON l.customer = r.customer)", n(5), nil},
	})
}

func TestAggregates(t *testing.T) {
	t.Parallel()
	checkStatements(t, shop(), []statement{
		{
			"SELECT customer, count() AS c, sum(price) FROM shop.orders GROUP BY customer ORDER BY customer",
			[][]any{{"", one, 9.0}, {"ann", uint64(2), 3.0}, {"bob", one, 4.0}, {nil, one, 1.0}},
			[]string{"Nullable(String)", "UInt64", "Float64"},
		},
		{"SELECT o.customer FROM shop.orders AS o GROUP BY customer HAVING count() > 1", [][]any{{"ann"}}, nil},
		{"SELECT count(customer), count(*), count(DISTINCT customer), uniqExact(customer), uniq(id) FROM shop.orders", [][]any{{uint64(4), uint64(5), uint64(3), uint64(3), uint64(5)}}, nil},
		{"SELECT countIf(price > 2), sumIf(price, id < 3), avgIf(price, id < 3) FROM shop.orders", [][]any{{uint64(3), 6.5, 3.25}}, []string{"UInt64", "Float64", "Float64"}},
		{"SELECT min(price), max(price), minIf(id, price > 3), maxIf(id, price > 3) FROM shop.orders", [][]any{{0.5, 9.0, uint64(2), uint64(5)}}, nil},
		{"SELECT sum(change), sum(id), avg(id) FROM shop.orders", [][]any{{int64(3), uint64(15), 3.0}}, []string{"Int64", "UInt64", "Float64"}},
		{"SELECT argMin(id, price), argMax(id, price), any(id), anyLast(id) FROM shop.orders", [][]any{{uint64(4), uint64(5), one, uint64(5)}}, nil},
		{"SELECT groupArray(id), groupArray(2)(id), groupUniqArray(customer) FROM shop.orders WHERE id < 5", [][]any{{
			[]any{one, uint64(2), uint64(3), uint64(4)}, []any{one, uint64(2)}, []any{"ann", "bob"},
		}}, []string{"Array(UInt64)", "Array(UInt64)", "Array(String)"}},
		{"SELECT quantile(0.5)(id), quantiles(0, 0.25, 1)(id), stddevPop(id) = sqrt(2) FROM shop.orders", [][]any{{3.0, []any{1.0, 2.0, 5.0}, one}}, []string{"Float64", "Array(Float64)", "UInt8"}},
		{"SELECT quantilesMerge(0.5, 1)(x) FROM (SELECT [1., 2.] AS x UNION ALL SELECT [3.])", [][]any{{[]any{2.0, 3.0}}}, nil},
		{"SELECT topK(1)(customer) FROM shop.orders", [][]any{{[]any{"ann"}}}, nil},
		{"SELECT count(), sum(price), max(id), any(customer), min(tags), max(change) FROM shop.orders WHERE 0", [][]any{{none, 0.0, none, nil, []any{}, int64(0)}}, nil},
		{"SELECT customer FROM shop.orders WHERE 0 GROUP BY customer", [][]any{}, nil},
		{"SELECT id % 2 AS odd, count() FROM shop.orders GROUP BY odd ORDER BY odd", [][]any{{none, uint64(2)}, {one, uint64(3)}}, nil},
		{"SELECT id % 2, count() FROM shop.orders GROUP BY id % 2 ORDER BY count()", [][]any{{none, uint64(2)}, {one, uint64(3)}}, nil},
		{"SELECT count() * 2 + 1 FROM shop.orders", n(11), nil},
		{"SELECT sum(DISTINCT id % 2) FROM shop.orders", n(1), nil},
	})
}

func TestSystemTablesFollowFromTheTables(t *testing.T) {
	t.Parallel()
	db := shop()
	checkStatements(t, db, []statement{
		{"SHOW DATABASES", [][]any{{"shop"}}, nil},
		{"SHOW TABLES FROM shop LIKE 'cust%'", [][]any{{"customers"}}, nil},
		{"SELECT name FROM system.databases", [][]any{{"shop"}}, nil},
		{"SELECT name, engine, total_rows FROM system.tables WHERE database = 'shop' ORDER BY name", [][]any{{"customers", "MergeTree", uint64(3)}, {"orders", "MergeTree", uint64(5)}}, nil},
		{"SELECT name, type, position FROM system.columns WHERE database = 'shop' AND table = 'customers' AND name = 'city'", [][]any{{"city", "FixedString(4)", uint64(3)}}, nil},
		{"DESCRIBE TABLE shop.customers", [][]any{{"id", "UInt64"}, {"customer", "String"}, {"city", "FixedString(4)"}}, nil},
		{"SELECT name FROM system.data_skipping_indices", [][]any{}, nil},
		{
			"EXPLAIN ESTIMATE SELECT count() FROM shop.orders AS o JOIN shop.customers AS c USING (customer)",
			[][]any{{"shop", "customers", one, uint64(3), one}, {"shop", "orders", one, uint64(5), one}},
			[]string{"String", "String", "UInt64", "UInt64", "UInt64"},
		},
	})
}

func TestAStoredSystemTableWins(t *testing.T) {
	t.Parallel()
	db := minisql.New()
	db.Put(minisql.Table{
		Name: "system.data_skipping_indices", Columns: []minisql.Column{{Name: "name", Type: "String"}}, Rows: [][]any{{"trace_id_idx"}},
	})
	if got, err := db.Query(t.Context(), "SELECT name FROM system.data_skipping_indices", nil); err != nil || len(got.Rows) != 1 {
		t.Errorf("%v %v", got.Rows, err)
	}
}

func TestRowsThatAreEqualInOrderKeepTheirPlaces(t *testing.T) {
	t.Parallel()
	db := minisql.New()
	var rows [][]any
	for i := range 1000 {
		rows = append(rows, []any{uint64(i / 10), uint64(i)})
	}
	db.Put(minisql.Table{Name: "default.t", Columns: []minisql.Column{{Name: "k", Type: "UInt64"}, {Name: "n", Type: "UInt64"}}, Rows: rows})
	r, err := db.Query(t.Context(), "SELECT k, n FROM t ORDER BY k DESC", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range r.Rows {
		if want := uint64(990 - i/10*10 + i%10); row[1] != want {
			t.Fatalf("row %d is %v, want %d", i, row, want)
		}
	}
}
