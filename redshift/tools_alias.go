package redshift

import (
	"context"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/output"
)

// QueryRedshiftInput has the parameters of the older tools query_redshift and query.
type QueryRedshiftInput struct {
	SQL    string `json:"sql" jsonschema:"one statement that reads"`
	Schema string `json:"schema,omitempty" jsonschema:"that names without one are looked for in"`
}

// DescribeInput has the parameters of the older tool describe_table.
type DescribeInput struct {
	TableName string `json:"table_name" jsonschema:"table, or schema.table"`
	Schema    string `json:"schema,omitempty" jsonschema:"of the table"`
}

// RecentDataInput has the parameters of the older tool get_recent_data.
type RecentDataInput struct {
	TableName string `json:"table_name" jsonschema:"table, or schema.table"`
	Limit     int    `json:"limit,omitempty" jsonschema:"default 100"`
}

// The names and parameters that an older server of these tools had, and those that its callers asked for. They belong
// on an endpoint of this source alone.
var (
	QueryRedshift = tool.Alias(QuerySQL, "query_redshift", "Runs one SQL statement that reads.", QueryRedshiftInput.convert)
	QueryTool     = tool.Alias(QuerySQL, "query", "Runs one SQL statement that reads.",
		func(in QueryRedshiftInput) (QueryInput, error) {
			return QueryInput{SQL: in.SQL, Schema: in.Schema}, nil
		})
	ListTablesOld = tool.Alias(ListTables, "list_tables", "Lists the tables and views of a schema.",
		func(in TablesInput) (TablesInput, error) { return in, nil })
	DescribeTableOld = tool.Alias(DescribeTable, "describe_table", "Lists the columns of a table with their types.", DescribeInput.convert)
	GetRecentData    = tool.Alias(ListRecentRows, "get_recent_data", "Returns some rows of a table, the newest first.",
		func(in RecentDataInput) (RecentRowsInput, error) {
			return RecentRowsInput{Table: in.TableName, Limit: in.Limit}, nil
		})
	GetLoadMetadata = tool.Alias(GetLoad, "get_load_metadata", "Returns one load by its tracking id.",
		func(in LoadInput) (LoadInput, error) { return in, nil })
	GetCompanyOld = tool.Alias(GetCompany, "get_company", "Returns one company by its permalink.",
		func(in CompanyInput) (CompanyInput, error) { return in, nil })
	GetNetworkRelationships = tool.Alias(GetRelationship, "get_network_relationships",
		"Returns what the warehouse knows between a shipper and a carrier.",
		func(in RelationshipInput) (RelationshipInput, error) { return in, nil })
	QueryLoadFiles = tool.Alias(ListLoadFiles, "query_load_files", "Lists the files that a load was created or updated from.",
		func(in LoadInput) (LoadInput, error) { return in, nil })
)

// convert keeps what callers of query_redshift rely on: they cannot ask for more rows, and had all of them.
func (in QueryRedshiftInput) convert() (QueryInput, error) {
	return QueryInput{SQL: in.SQL, Schema: in.Schema, Limit: output.MaxItems}, nil
}

func (in DescribeInput) convert() (TableInput, error) {
	if in.Schema == "" {
		return TableInput{Table: in.TableName}, nil
	}
	if err := checkName(in.TableName, false); err != nil {
		return TableInput{}, base.Invalid(defaultName, "describe_table", "table_name: %s", err.Error())
	}
	return TableInput{Table: in.Schema + "." + in.TableName}, nil
}

// Aliases binds the same methods under the names and parameters that an older server had.
func (c *Client) Aliases() []tool.Tool {
	return []tool.Tool{
		QueryRedshift.Bind(c.querySQL), QueryTool.Bind(c.querySQL),
		ListTablesOld.Bind(output.PagedMore(func(ctx context.Context, in TablesInput) ([]Table, error) { return c.Tables(ctx, in.Schema) })),
		DescribeTableOld.Bind(output.PagedMore(func(ctx context.Context, in TableInput) ([]Column, error) { return c.DescribeTable(ctx, in.Table) })),
		GetRecentData.Bind(c.recentRows), GetLoadMetadata.Bind(c.loadTool), GetCompanyOld.Bind(c.companyTool),
		GetNetworkRelationships.Bind(c.relationshipTool), QueryLoadFiles.Bind(output.PagedMore(c.loadFilesTool)),
	}
}
