package athenatest_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/base/logs"
)

func TestTheCatalogNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.AddTable("other.db.t", []athenatest.Column{{Name: "a", Type: "map(varchar, array(integer))"}, {Name: "b", Type: "decimal(10,2)"}})
	c, glue, db := client(s), aws.String("AwsDataCatalog"), aws.String("raw_data_db")
	catalogs, err := c.ListDataCatalogs(t.Context(), &athena.ListDataCatalogsInput{})
	if err != nil || len(catalogs.DataCatalogsSummary) != 2 {
		t.Fatalf("%v, %v", catalogs, err)
	}
	databases, err := c.ListDatabases(t.Context(), &athena.ListDatabasesInput{CatalogName: glue})
	if err != nil || len(databases.DatabaseList) != 1 || *databases.DatabaseList[0].Name != *db {
		t.Fatalf("%v, %v", databases, err)
	}
	first, err := c.ListDataCatalogs(t.Context(), &athena.ListDataCatalogsInput{MaxResults: aws.Int32(1)})
	if err != nil || len(first.DataCatalogsSummary) != 1 || first.NextToken == nil {
		t.Fatalf("%v, %v", first, err)
	}
	rest, err := c.ListDataCatalogs(t.Context(), &athena.ListDataCatalogsInput{NextToken: first.NextToken})
	if err != nil || len(rest.DataCatalogsSummary) != 1 || rest.NextToken != nil {
		t.Fatalf("%v, %v", rest, err)
	}
	if _, err = c.ListDataCatalogs(t.Context(), &athena.ListDataCatalogsInput{NextToken: aws.String("made up")}); code(err) != "InvalidRequestException" {
		t.Errorf("a token that nobody gave: %v", err)
	}
	var names []string
	pages := athena.NewListTableMetadataPaginator(c, &athena.ListTableMetadataInput{CatalogName: glue, DatabaseName: db, MaxResults: aws.Int32(3), Expression: aws.String(".*l.*")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range page.TableMetadataList {
			names = append(names, *table.Name+" "+*table.TableType)
		}
	}
	want := []string{"callbacks_v2 EXTERNAL_TABLE", "load_files EXTERNAL_TABLE", "logs EXTERNAL_TABLE", "vw_location_processing_flow VIRTUAL_VIEW"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	table, err := c.GetTableMetadata(t.Context(), &athena.GetTableMetadataInput{CatalogName: aws.String("other"), DatabaseName: aws.String("db"), TableName: aws.String("t")})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := *table.TableMetadata.Columns[0].Type, *table.TableMetadata.Columns[1].Type; a != "map<string,array<int>>" || b != "decimal(10,2)" {
		t.Errorf("%s, %s", a, b)
	}
	if _, err = c.GetTableMetadata(t.Context(), &athena.GetTableMetadataInput{CatalogName: glue, DatabaseName: db, TableName: aws.String("t")}); code(err) != "MetadataException" {
		t.Errorf("a table that is not there: %v", err)
	}
	if _, err = c.ListDatabases(t.Context(), &athena.ListDatabasesInput{CatalogName: aws.String("none")}); code(err) != "InvalidRequestException" {
		t.Errorf("a catalog that is not there: %v", err)
	}
}

func TestHistoryIsAnsweredByDay(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.AddLoadFiles([4]string{"123456789", "a.csv", "done", "2025-01-02"}, [4]string{"123456789", "b.csv", "done", "2025-01-09"})
	s.AddCallbacks(history.Callback{ID: "c1", Time: time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC), Status: "200"})
	s.AddLocations([5]string{"123456789", "a.csv", "w1", "stored", "2025-01-02"})
	s.AddLogs(logs.Record{ID: "1", Body: "one", Service: "tracking", Attributes: map[string]any{"load": "L-1", "n": 2.0, "ok": true}})
	c := client(s)
	for sql, want := range map[string]string{
		"SELECT file_name FROM load_files WHERE datestr BETWEEN '2025-01-01' AND '2025-01-07'":                         "a.csv",
		"SELECT ts FROM callbacks_v2 WHERE datestr = '2025-01-02' AND ext_request_status LIKE '2%'":                    "2025-01-02 03:04:05.000000",
		"SELECT worker FROM awsdatacatalog.raw_data_db.vw_location_processing_flow WHERE fk_tracking_id = '123456789'": "w1",
		"SELECT attributes_string FROM logs WHERE element_at(resources_string, 'service.name') = 'tracking'":           "{load=L-1}",
	} {
		rows, _ := table(t, c, start(t, c, started(sql, "")), 0)
		if len(rows) != 2 || rows[1][0] != want {
			t.Errorf("%s\n%v", sql, rows)
		}
	}
	rows, _ := table(t, c, start(t, c, started("EXPLAIN (TYPE IO, FORMAT JSON) SELECT file_name FROM load_files WHERE datestr = '2025-01-01'", "")), 0)
	if len(rows) != 1 || rows[0][0] == "" {
		t.Errorf("a plan: %v", rows)
	}
}
