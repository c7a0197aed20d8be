package minisql_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/internal/minisql"
)

// expression is an expression, its value and its type.
type expression struct {
	sql  string
	want any
	typ  string
}

func check(t *testing.T, all []expression) {
	t.Helper()
	for _, e := range all {
		t.Run(e.sql, func(t *testing.T) {
			t.Parallel()
			got, err := minisql.New().Query(t.Context(), "SELECT "+e.sql, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([][]any{{e.want}}, got.Rows); diff != "" {
				t.Error(diff)
			}
			if got.Columns[0].Type != e.typ {
				t.Errorf("type %s, want %s", got.Columns[0].Type, e.typ)
			}
		})
	}
}

const one, none = uint64(1), uint64(0)

func TestLiteralsAndOperatorsHaveTheTypesOfClickHouse(t *testing.T) {
	t.Parallel()
	check(t, []expression{
		{"1", one, "UInt8"},
		{"300", uint64(300), "UInt16"},
		{"-1", int64(-1), "Int8"},
		{"1.5", 1.5, "Float64"},
		{"0xff", uint64(255), "UInt8"},
		{"18446744073709551615", uint64(18446744073709551615), "UInt64"},
		{`'it\'s'`, "it's", "String"},
		{"'it''s'", "it's", "String"},
		{`'a\\b\n\x41\d'`, "a\\b\nA\\d", "String"},
		{"[1, 300]", []any{one, uint64(300)}, "Array(UInt16)"},
		{"[]", []any{}, "Array(Nothing)"},
		{"(1, 'x')", []any{one, "x"}, "Tuple(UInt8, String)"},
		{"true", true, "Bool"},
		{"NULL", nil, "Nullable(Nothing)"},
		{"1 + 2 * 3", uint64(7), "UInt64"},
		{"(1 + 2) * 3", uint64(9), "UInt64"},
		{"1 - 2", int64(-1), "Int64"},
		{"7 / 2", 3.5, "Float64"},
		{"7 % 4", uint64(3), "UInt64"},
		{"7 DIV 2", uint64(3), "UInt64"},
		{"5.5 % 2", 1.5, "Float64"},
		{"2 - -1", int64(3), "Int64"},
		{"1 = 1", one, "UInt8"},
		{"1 <> 1", none, "UInt8"},
		{"'b' > 'a'", one, "UInt8"},
		{"NULL = 1", nil, "Nullable(UInt8)"},
		{"1 < 2 AND 2 < 3 OR 0", one, "UInt8"},
		{"NOT 1 = 2", one, "UInt8"},
		{"NULL AND 0", none, "Nullable(UInt8)"},
		{"NULL OR 0", nil, "Nullable(UInt8)"},
		{"5 BETWEEN 1 AND 5", one, "UInt8"},
		{"5 NOT BETWEEN 1 AND 5", none, "UInt8"},
		{"1 IS NULL", none, "UInt8"},
		{"NULL IS NOT NULL", none, "UInt8"},
		{"2 IN (1, 2)", one, "UInt8"},
		{"2 NOT IN [1, 2]", none, "UInt8"},
		{"(1, 'a') IN ((1, 'a'), (2, 'b'))", one, "UInt8"},
		{"(1, 'a') IN (1, 'b')", none, "UInt8"},
		{"'x' IN ('x')", one, "UInt8"},
		{"-1 IN (255)", none, "UInt8"},
		{"(1, 'b') < (1, 'c')", one, "UInt8"},
		{"(2, 'a') < (1, 'c')", none, "UInt8"},
		{"(1, 2) = (1, 2)", one, "UInt8"},
		{"(1, 'b') >= (1, 'b')", one, "UInt8"},
		{"1 > 2 ? 'y' : 'n'", "n", "String"},
		{"CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "b", "Nullable(String)"},
		{"'a' || 'b'", "ab", "String"},
		{"[10, 20][2]", uint64(20), "UInt8"},
		{"[10, 20][-1]", uint64(20), "UInt8"},
		{"[10][5]", none, "UInt8"},
		{"('a', 5).2", uint64(5), "UInt8"},
		{"map('k', 1.5)['k']", 1.5, "Float64"},
		{"map('k', 1.5)['none']", 0.0, "Float64"},
		{"'12'::UInt64", uint64(12), "UInt64"},
		{"CAST('1.5' AS Float64)", 1.5, "Float64"},
		{"CAST([], 'Array(String)')", []any{}, "Array(String)"},
		{"CAST(['1'] AS Array(UInt64))", []any{one}, "Array(UInt64)"},
		{"0/0 = 0/0", none, "UInt8"},
		{"arrayMap((x, y) -> x * y, [2, 3], [4, 5])", []any{uint64(8), uint64(15)}, "Array(UInt64)"},
		{"arrayMap(x -> arrayMap(y -> x + y, [10]), [1])", []any{[]any{uint64(11)}}, "Array(Array(UInt64))"},
	})
}

func TestTextFunctions(t *testing.T) {
	t.Parallel()
	check(t, []expression{
		{"LOWER('ÄBC')", "Äbc", "String"},
		{"lowerUTF8('ÄBC')", "äbc", "String"},
		{"upper('aé')", "Aé", "String"},
		{"length('é')", uint64(2), "UInt64"},
		{"'abc' LIKE 'a%'", one, "UInt8"},
		{"'abc' LIKE 'A%'", none, "UInt8"},
		{"'abc' ILIKE 'A_C'", one, "UInt8"},
		{"'abc' NOT LIKE '%b%'", none, "UInt8"},
		{`'50%' LIKE '50\\%'`, one, "UInt8"},
		{`'50x' LIKE '50\\%'`, none, "UInt8"},
		{`'a_b' LIKE 'a\_b'`, one, "UInt8"},
		{`'axb' LIKE 'a\_b'`, none, "UInt8"},
		{"'é' LIKE '_'", one, "UInt8"},
		{"'aXbXc' LIKE '%X%c'", one, "UInt8"},
		{"'' LIKE '%'", one, "UInt8"},
		{"'' LIKE '_'", none, "UInt8"},
		{"'ab' LIKE 'a'", none, "UInt8"},
		{"'abab' LIKE '%ab'", one, "UInt8"},
		{"'a\nb' LIKE 'a%b'", one, "UInt8"},
		{"match('foo\nbar', 'o.b')", one, "UInt8"},
		{"extract('id=42;', 'id=(\\\\d+)')", "42", "String"},
		{"like('ab', 'a%')", one, "UInt8"},
		{"hasToken('a null_pointer b', 'pointer')", one, "UInt8"},
		{"hasToken('nullpointer', 'pointer')", none, "UInt8"},
		{"hasTokenCaseInsensitive('An OOM', 'oom')", one, "UInt8"},
		{"position('hello', 'l')", uint64(3), "UInt64"},
		{"positionCaseInsensitive('HeLLo', 'll')", uint64(3), "UInt64"},
		{"multiSearchAny('hello', ['xx', 'ell'])", one, "UInt8"},
		{"multiSearchAnyCaseInsensitive('HELLO', ['ell'])", one, "UInt8"},
		{"startsWith('abc', 'ab')", one, "UInt8"},
		{"endsWith('abc', 'bc')", one, "UInt8"},
		{"concat('a', 1, 2.5)", "a12.5", "String"},
		{"substring('hello', 2, 3)", "ell", "String"},
		{"substring('hello', -3)", "llo", "String"},
		{"empty('')", one, "UInt8"},
		{"notEmpty([1])", one, "UInt8"},
		{"replaceAll('aXbX', 'X', '-')", "a-b-", "String"},
		{`replaceRegexpAll('ab12', '([a-z]+)(\\d+)', '\\2$\\1')`, "12$ab", "String"},
		{"splitByChar(',', 'a,b')", []any{"a", "b"}, "Array(String)"},
		{"hex('Az')", "417A", "String"},
		{"hex(255)", "FF", "String"},
		{`simpleJSONExtractString('{"a":"r\\u0026d"}', 'a')`, "r&d", "String"},
		{`simpleJSONHas('{"a":1}', 'b')`, none, "UInt8"},
		{`simpleJSONExtractString('{"a":1}', 'a')`, "", "String"},
		{`JSONExtractString('{"a":{"b":"c"}}', 'a', 'b')`, "c", "String"},
		{"toString([1, 2])", "[1,2]", "String"},
		{"toString(0.1)", "0.1", "String"},
		{"toFixedString('ab', 3)", "ab\x00", "FixedString(3)"},
		{"toFixedString('ab', 3) = 'ab'", one, "UInt8"},
	})
}

func TestCollectionFunctions(t *testing.T) {
	t.Parallel()
	check(t, []expression{
		{"mapContains(map('a', 1), 'a')", one, "UInt8"},
		{"mapKeys(map('b', 1, 'a', 2))", []any{"a", "b"}, "Array(String)"},
		{"mapValues(map('a', 1))", []any{one}, "Array(UInt8)"},
		{"has([1, 2], 2)", one, "UInt8"},
		{"hasAny(['a'], ['b', 'a'])", one, "UInt8"},
		{"arrayFilter(x -> x > 1, [1, 2])", []any{uint64(2)}, "Array(UInt8)"},
		{"arrayFilter(x -> x > 5, [1])", []any{}, "Array(UInt8)"},
		{"arrayExists(x -> x LIKE 'b%', ['a', 'bc'])", one, "UInt8"},
		{"arraySort([3, 1, 2])", []any{one, uint64(2), uint64(3)}, "Array(UInt8)"},
		{"arraySort(x -> -x, [1, 3])", []any{uint64(3), one}, "Array(UInt8)"},
		{"arrayDistinct(['a', 'a', 'b'])", []any{"a", "b"}, "Array(String)"},
		{"tuple(1, 'a')", []any{one, "a"}, "Tuple(UInt8, String)"},
		{"arrayElement(['a'], 1)", "a", "String"},
		{"length([1, 2])", uint64(2), "UInt64"},
		{"[1, 2.5]", []any{1.0, 2.5}, "Array(Float64)"},
	})
}

func TestConditionsConversionsAndNumbers(t *testing.T) {
	t.Parallel()
	check(t, []expression{
		{"if(1, 'a', 'b')", "a", "String"},
		{"if(0, 1, 2.5)", 2.5, "Float64"},
		{"if(1, 1, 2.5)", 1.0, "Float64"},
		{"multiIf(0, 1, 1, 300, 2)", uint64(300), "UInt16"},
		{"coalesce(NULL, 'x')", "x", "String"},
		{"ifNull(NULL, 5)", uint64(5), "UInt8"},
		{"nullIf('a', 'a')", nil, "Nullable(String)"},
		{"isNull(NULL)", one, "UInt8"},
		{"isNotNull(1)", one, "UInt8"},
		{"isNaN(0/0)", one, "UInt8"},
		{"lower(NULL)", nil, "Nullable(String)"},
		{"toUInt64('7')", uint64(7), "UInt64"},
		{"toInt64(-7)", int64(-7), "Int64"},
		{"toUInt8(1)", one, "UInt8"},
		{"toFloat64('0.5')", 0.5, "Float64"},
		{"toUInt64OrZero('x')", none, "UInt64"},
		{"toFloat64OrNull('x')", nil, "Nullable(Float64)"},
		{"intDiv(7, 2)", uint64(3), "UInt64"},
		{"modulo(7, 2)", one, "UInt64"},
		{"abs(-3)", uint64(3), "UInt8"},
		{"least(3, 1)", one, "UInt8"},
		{"greatest(1, 2.5)", 2.5, "Float64"},
		{"round(2.567, 2)", 2.57, "Float64"},
		{"floor(2.9)", 2.0, "Float64"},
		{"ceil(2.1)", 3.0, "Float64"},
		{"plus(1, 2)", uint64(3), "UInt64"},
		{"equals(1, 1)", one, "UInt8"},
		{"and(1, 1, 0)", none, "UInt8"},
		{"or(0, 1)", one, "UInt8"},
		{"not(0)", one, "UInt8"},
		{"in(1, (1, 2))", one, "UInt8"},
		{"version()", "26.7.2.1", "String"},
		{"currentDatabase()", "default", "String"},
		{"currentUser()", "default", "String"},
		{"timezone()", "UTC", "String"},
		{"toTypeName(now64(9))", "DateTime64(9)", "String"},
		{"toTypeName(now())", "DateTime", "String"},
		{"materialize(1)", one, "UInt8"},
		{"ignore(1)", none, "UInt8"},
		{"sleep(1)", none, "UInt8"},
		{"cityHash64('a') = cityHash64('a')", one, "UInt8"},
		{"notEmpty(hostName())", one, "UInt8"},
	})
}

func TestTimesKeepTheirNanoseconds(t *testing.T) {
	t.Parallel()
	second := time.Date(2023, 11, 14, 22, 13, 20, 0, time.UTC)
	nano := second.Add(123456789)
	check(t, []expression{
		{"toDateTime('2023-11-14 22:13:20')", second, "DateTime"},
		{"toDateTime(1700000000)", second, "DateTime"},
		{"toDateTime64('2023-11-14 22:13:20.123456789', 9)", nano, "DateTime64(9)"},
		{"toDateTime64('1700000000.123456789', 9)", nano, "DateTime64(9)"},
		{"toDateTime64('2023-11-14 22:13:20.123456789', 3)", second.Add(123 * time.Millisecond), "DateTime64(3)"},
		{"toDate('2023-11-14')", second.Truncate(24 * time.Hour), "Date"},
		{"toUnixTimestamp(toDateTime(1700000000))", uint64(1700000000), "UInt32"},
		{"toUnixTimestamp64Nano(fromUnixTimestamp64Nano(1700000000123456789))", int64(1700000000123456789), "Int64"},
		{"toUnixTimestamp64Milli(fromUnixTimestamp64Milli(1700000000123))", int64(1700000000123), "Int64"},
		{"fromUnixTimestamp64Nano(1700000000123456789)", nano, "DateTime64(9)"},
		{"toStartOfInterval(fromUnixTimestamp64Nano(1700000007000000000), INTERVAL 10 SECOND)", second, "DateTime"},
		{"toStartOfMinute(toDateTime(1700000007))", second.Truncate(time.Minute), "DateTime"},
		{"toStartOfHour(toDateTime(1700000007))", second.Truncate(time.Hour), "DateTime"},
		{"toStartOfDay(toDateTime(1700000007))", second.Truncate(24 * time.Hour), "DateTime"},
		{"toStartOfInterval(toDateTime(1700000007), INTERVAL 1 MONTH)", time.Date(2023, 11, 1, 0, 0, 0, 0, time.UTC), "Date"},
		{"toStartOfInterval(toDateTime(1700000007), INTERVAL 1 WEEK)", time.Date(2023, 11, 13, 0, 0, 0, 0, time.UTC), "Date"},
		{"toDateTime(1700000000) + INTERVAL 1 DAY", second.AddDate(0, 0, 1), "DateTime"},
		{"toDateTime(1700000000) - INTERVAL 1 MONTH", second.AddDate(0, -1, 0), "DateTime"},
		{"toDateTime(1700000000) - 20", second.Add(-20 * time.Second), "DateTime"},
		{"toDateTime(1700000010) - toDateTime(1700000000)", int64(10), "Int64"},
		{"toDateTime(1700000000) > '2023-11-14 00:00:00'", one, "UInt8"},
		{"toString(toDateTime64('2023-11-14 22:13:20.5', 3))", "2023-11-14 22:13:20.500", "String"},
		{"toString(toDate('2023-11-14'))", "2023-11-14", "String"},
		{"toString(toDateTime(1700000000))", "2023-11-14 22:13:20", "String"},
	})
}
