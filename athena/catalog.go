package athena

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/partition"
	"github.com/fourkites/sources/internal/sqlguard"
)

var (
	opCatalogs  = &base.Op{Name: "Catalogs", System: base.SystemDB, AttemptTimeout: -1}
	opDatabases = &base.Op{Name: "Databases", System: base.SystemDB, AttemptTimeout: -1}
	opTables    = &base.Op{Name: "Tables", System: base.SystemDB, AttemptTimeout: -1}
	opDescribe  = method("DescribeTable")
)

// maxListed bounds a list that does not end.
const maxListed = 100_000

// listing asks for a list page by page, each in one guarded call.
func listing[T any](ctx context.Context, c *Client, op *base.Op, page func(ctx context.Context, s *service, token *string) ([]T, *string, error)) ([]T, error) {
	type part struct {
		items []T
		next  *string
	}
	var all []T
	var token *string
	for bare := 0; ; {
		found, err := base.Do(ctx, c.guard, op, func(ctx context.Context) (part, error) {
			return request(ctx, c, func(ctx context.Context, s *service) (part, error) {
				items, next, err := page(ctx, s, token)
				return part{items, next}, err
			})
		})
		all = append(all, found.items...)
		if err != nil || aws.ToString(found.next) == "" {
			return all, err
		}
		if bare++; len(found.items) > 0 {
			bare = 0
		}
		if aws.ToString(found.next) == aws.ToString(token) || len(all) > maxListed || bare > maxBare {
			return all, c.typed(ctx, op, malformed("a list that does not end"))
		}
		token = found.next
	}
}

// Catalogs are the names of the data catalogs that the account sees, and that may be read.
func (c *Client) Catalogs(ctx context.Context) ([]string, error) {
	all, err := listing(ctx, c, opCatalogs, func(ctx context.Context, s *service, token *string) ([]string, *string, error) {
		out, err := s.queries.ListDataCatalogs(ctx, &athena.ListDataCatalogsInput{NextToken: token, WorkGroup: &c.config.Workgroup})
		if err != nil {
			return nil, nil, err
		}
		var names []string
		for _, found := range out.DataCatalogsSummary {
			names = append(names, aws.ToString(found.CatalogName))
		}
		return names, out.NextToken, nil
	})
	return slices.DeleteFunc(all, func(name string) bool {
		return len(c.config.Schemas) > 0 && !slices.ContainsFunc(c.config.Schemas, func(allowed string) bool {
			return strings.HasPrefix(strings.ToLower(allowed), strings.ToLower(name)+".")
		})
	}), err
}

// Databases are the names of the databases of a catalog, empty = that of Config, that may be read.
func (c *Client) Databases(ctx context.Context, catalog string) ([]string, error) {
	catalog = or(catalog, c.config.Catalog)
	if err := history.CheckName(catalog, false); err != nil {
		return nil, c.invalid(opDatabases, fmt.Errorf("catalog: %w", err))
	}
	all, err := listing(ctx, c, opDatabases, func(ctx context.Context, s *service, token *string) ([]string, *string, error) {
		out, err := s.queries.ListDatabases(ctx, &athena.ListDatabasesInput{CatalogName: &catalog, NextToken: token, WorkGroup: &c.config.Workgroup})
		if err != nil {
			return nil, nil, err
		}
		var names []string
		for _, found := range out.DatabaseList {
			names = append(names, aws.ToString(found.Name))
		}
		return names, out.NextToken, nil
	})
	return slices.DeleteFunc(all, func(name string) bool { return !c.reading.Allowed(catalog, name) }), err
}

// Table is a table or a view of a database.
type Table struct {
	Catalog  string `json:"catalog"`
	Database string `json:"database"`
	Name     string `json:"name"`
	View     bool   `json:"view,omitempty"`
	History  bool   `json:"history,omitempty"` // a statement over it has to bound its partition
}

// TablesOptions says which tables are wanted. The zero value is all of the database of Config.
type TablesOptions struct {
	Catalog  string `json:"catalog,omitempty"`  // empty = that of Config
	Database string `json:"database,omitempty"` // empty = that of Config
	Matching string `json:"matching,omitempty"` // a regular expression that the whole name matches; empty = all
}

// Tables lists the tables and views of a database.
func (c *Client) Tables(ctx context.Context, o TablesOptions) ([]Table, error) {
	catalog, database := or(o.Catalog, c.config.Catalog), or(o.Database, c.config.Database)
	for _, f := range []struct{ field, name string }{{"catalog", catalog}, {"database", database}} {
		if err := history.CheckName(f.name, false); err != nil {
			return nil, c.invalid(opTables, fmt.Errorf("%s: %w", f.field, err))
		}
	}
	if _, err := regexp.Compile(o.Matching); err != nil || len(o.Matching) > 256 {
		return nil, c.invalid(opTables, errors.New("matching: no regular expression of at most 256 bytes"))
	}
	if !c.reading.Allowed(catalog, database) {
		return nil, c.reading.Forbidden(opTables, catalog+"."+database)
	}
	return listing(ctx, c, opTables, func(ctx context.Context, s *service, token *string) ([]Table, *string, error) {
		out, err := s.queries.ListTableMetadata(ctx, &athena.ListTableMetadataInput{
			CatalogName: &catalog, DatabaseName: &database, Expression: optional(o.Matching), NextToken: token, WorkGroup: &c.config.Workgroup,
		})
		if err != nil {
			return nil, nil, err
		}
		var all []Table
		for _, found := range out.TableMetadataList {
			name := aws.ToString(found.Name)
			all = append(all, Table{
				Catalog: catalog, Database: database, Name: name, View: aws.ToString(found.TableType) == "VIRTUAL_VIEW",
				History: c.reading.IsHistory(sqlguard.Table{Catalog: catalog, Schema: database, Table: name}),
			})
		}
		return all, out.NextToken, nil
	})
}

// Column is a column of a table.
type Column struct {
	Name    string `json:"name"`
	Type    string `json:"type"`            // in the words of SQL
	Extra   string `json:"extra,omitempty"` // such as partition key
	Comment string `json:"comment,omitempty"`
}

const partitionKey = "partition key"

// describe asks for the columns of a table: a question to the catalog, which costs nothing.
func (c *Client) describe(ctx context.Context, op *base.Op, table sqlguard.Table) ([]Column, error) {
	return base.Do(ctx, c.guard, op, func(ctx context.Context) ([]Column, error) {
		out, err := request(ctx, c, func(ctx context.Context, s *service) (*athena.GetTableMetadataOutput, error) {
			return s.queries.GetTableMetadata(ctx, &athena.GetTableMetadataInput{
				CatalogName: &table.Catalog, DatabaseName: &table.Schema, TableName: &table.Table, WorkGroup: &c.config.Workgroup,
			})
		})
		if err != nil {
			return nil, err
		}
		if out.TableMetadata == nil || len(out.TableMetadata.Columns)+len(out.TableMetadata.PartitionKeys) == 0 {
			return nil, malformed("a table without columns")
		}
		return append(columnsOf(out.TableMetadata.Columns, ""), columnsOf(out.TableMetadata.PartitionKeys, partitionKey)...), nil
	})
}

func columnsOf(found []types.Column, extra string) []Column {
	var all []Column
	for _, c := range found {
		all = append(all, Column{Name: aws.ToString(c.Name), Type: sqlType(aws.ToString(c.Type)), Extra: extra, Comment: aws.ToString(c.Comment)})
	}
	return all
}

// The catalog names types as Hive does, statements as Trino does.
var (
	hiveWord  = regexp.MustCompile(`(^|[<:,])(string|int|binary|float|struct)\b`)
	hiveNames = map[string]string{"string": "varchar", "int": "integer", "binary": "varbinary", "float": "real", "struct": "row"}
	brackets  = strings.NewReplacer("<", "(", ">", ")", ":", " ")
)

func sqlType(hive string) string {
	return brackets.Replace(hiveWord.ReplaceAllStringFunc(hive, func(m string) string {
		begin := strings.TrimLeft(m, "<:,")
		return m[:len(m)-len(begin)] + hiveNames[begin]
	}))
}

// TableDescription is the columns of a table, and some of its rows if they were asked for.
type TableDescription struct {
	Table   string           `json:"table"` // catalog.database.table
	Columns []Column         `json:"columns"`
	Sample  []map[string]any `json:"sample,omitempty"`
}

const (
	maxSample  = 100
	sampleDays = 7
)

// DescribeTable describes a table, written as table, database.table or catalog.database.table, with so many rows of it, at
// most 100. Of a table with partitions by day the rows are the newest of the last seven days. Rows cost a query.
func (c *Client) DescribeTable(ctx context.Context, name string, sample int) (TableDescription, error) {
	out := TableDescription{}
	if name == "" {
		return out, c.invalid(opDescribe, errors.New("table: missing"))
	}
	if err := history.CheckName(name, true); err != nil {
		return out, c.invalid(opDescribe, fmt.Errorf("table: %w", err))
	}
	table := c.reading.Table(name)
	if !c.reading.Allowed(table.Catalog, table.Schema) {
		return out, c.reading.Forbidden(opDescribe, table.String())
	}
	var err error
	out.Table = table.String()
	if out.Columns, err = c.describe(ctx, opDescribe, table); err != nil || sample <= 0 {
		return out, err
	}
	out.Sample, err = c.sample(ctx, table, out.Columns, min(sample, maxSample))
	return out, err
}

func (c *Client) sample(ctx context.Context, table sqlguard.Table, all []Column, n int) ([]map[string]any, error) {
	q := Query{SQL: "SELECT * FROM " + table.SQL(), MaxScan: c.config.MaxScan}
	day := c.config.Tables.Partition
	if slices.ContainsFunc(all, func(column Column) bool { return strings.EqualFold(column.Name, day) }) {
		now := time.Now().UTC()
		q.SQL += " WHERE " + sqlguard.Quote(day) + " BETWEEN ? AND ? ORDER BY " + sqlguard.Quote(day) + " DESC"
		q.Args = []any{now.AddDate(0, 0, 1-sampleDays).Format(time.DateOnly), now.Format(time.DateOnly)}
	}
	q.SQL += " LIMIT " + strconv.Itoa(n)
	answer, err := c.query(ctx, opDescribe, q)
	if err != nil {
		return nil, err
	}
	found, err := rows.Collect(answer, rows.ToMap)
	for _, r := range found {
		for name, v := range r {
			r[name] = partition.Speakable(v)
		}
	}
	return found, err
}
