package athenatest

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fourkites/sources/internal/trinosql"
)

func (s *Server) listWorkgroups(_ Request, in input) (any, *Exception) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []map[string]any{}
	for _, w := range s.groups {
		all = append(all, map[string]any{"Name": w.Name, "State": w.state()})
	}
	slices.SortFunc(all, func(a, b map[string]any) int { return strings.Compare(a["Name"].(string), b["Name"].(string)) })
	return listing("WorkGroups", all, in)
}

// catalogs are the names in their own case: the engine has them in lower case. The caller holds the lock.
func (s *Server) catalogs() []string {
	var all []string
	for _, name := range s.engine.Catalogs() {
		switch {
		case strings.EqualFold(name, home.Catalog):
			all = append(all, home.Catalog)
		case name != "system":
			all = append(all, name)
		}
	}
	return all
}

func (s *Server) listCatalogs(_ Request, in input) (any, *Exception) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []any{}
	for _, name := range s.catalogs() {
		all = append(all, map[string]string{"CatalogName": name, "Type": "GLUE"})
	}
	return listing("DataCatalogsSummary", all, in)
}

func (s *Server) listDatabases(_ Request, in input) (any, *Exception) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused := s.checkCatalog(in.CatalogName); refused != nil {
		return nil, refused
	}
	all := []any{}
	for _, name := range s.engine.Schemas(strings.ToLower(in.CatalogName)) {
		if name != "information_schema" {
			all = append(all, map[string]string{"Name": name})
		}
	}
	return listing("DatabaseList", all, in)
}

// checkCatalog refuses a catalog that nobody has made. The caller holds the lock.
func (s *Server) checkCatalog(name string) *Exception {
	if slices.ContainsFunc(s.catalogs(), func(known string) bool { return strings.EqualFold(known, name) }) {
		return nil
	}
	return invalid("DataCatalog " + name + " was not found")
}

// maxList is how much a page of a list holds at most.
const maxList = 50

// listing is one page of a list under its name.
func listing[T any](name string, all []T, in input) (any, *Exception) {
	from, err := 0, error(nil)
	if in.NextToken != "" {
		from, err = strconv.Atoi(in.NextToken)
	}
	switch {
	case err != nil || from < 0 || from > len(all):
		return nil, invalid("Invalid NextToken")
	case in.MaxResults < 0 || in.MaxResults > maxList:
		return nil, invalid("MaxResults must be between 1 and 50")
	}
	limit := in.MaxResults
	if limit == 0 {
		limit = maxList
	}
	to := min(from+limit, len(all))
	out := map[string]any{name: all[from:to]}
	if to < len(all) {
		out["NextToken"] = strconv.Itoa(to)
	}
	return out, nil
}

func (s *Server) listTables(_ Request, in input) (any, *Exception) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused := s.checkCatalog(in.CatalogName); refused != nil {
		return nil, refused
	}
	all, refused := s.matching(in)
	if refused != nil {
		return nil, refused
	}
	return listing("TableMetadataList", all, in)
}

// matching are the tables of a database whose name the expression matches. The caller holds the lock.
func (s *Server) matching(in input) ([]any, *Exception) {
	pattern, err := regexp.Compile("(?i)^(?:" + in.Expression + ")$")
	if err != nil {
		return nil, invalid("Expression is no regular expression")
	}
	tables := s.engine.Tables(strings.ToLower(in.CatalogName), strings.ToLower(in.DatabaseName))
	if len(tables) == 0 {
		return nil, &Exception{Code: "MetadataException", Message: "Database " + in.DatabaseName + " not found. (Service: AWSGlue; Error Code: EntityNotFoundException)"}
	}
	all := []any{}
	for _, t := range tables {
		if in.Expression == "" || pattern.MatchString(t.Name) {
			all = append(all, metadata(t))
		}
	}
	return all, nil
}

func (s *Server) getTable(_ Request, in input) (any, *Exception) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused := s.checkCatalog(in.CatalogName); refused != nil {
		return nil, refused
	}
	for _, t := range s.engine.Tables(strings.ToLower(in.CatalogName), strings.ToLower(in.DatabaseName)) {
		if strings.EqualFold(t.Name, in.TableName) {
			return map[string]any{"TableMetadata": metadata(t)}, nil
		}
	}
	return nil, &Exception{Code: "MetadataException", Message: "Entity Not Found (Service: AWSGlue; Error Code: EntityNotFoundException)"}
}

// metadata is a table in the words of Glue.
func metadata(t *trinosql.Table) map[string]any {
	columns, partitions := []any{}, []any{}
	for _, c := range t.Columns {
		told := map[string]string{"Name": c.Name, "Type": glueType(c.Type)}
		if c.Extra == "partition key" {
			partitions = append(partitions, told)
			continue
		}
		columns = append(columns, told)
	}
	kind := "EXTERNAL_TABLE"
	if t.View() {
		kind = "VIRTUAL_VIEW"
	}
	return map[string]any{"Name": t.Name, "TableType": kind, "Columns": columns, "PartitionKeys": partitions, "CreateTime": 1735689600.0}
}

// glueWords are what Glue, which has Hive's types, calls the engine's.
var glueWords = strings.NewReplacer("varchar", "string", "integer", "int", "varbinary", "binary", "(", "<", ")", ">", ", ", ",")

func glueType(typ string) string {
	base, _, _ := strings.Cut(typ, "(")
	switch base {
	case "decimal", "char":
		return typ
	case "timestamp", "timestamp with time zone":
		return "timestamp"
	}
	return glueWords.Replace(typ)
}
