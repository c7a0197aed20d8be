package clickhouse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
)

// serviceLabel is the resource attribute that names the service.
const serviceLabel = "service.name"

// resourceFilter is the part of a question that concerns the resource a row came from. SigNoz keeps resources in a
// table of their own, a row per resource and bucket, and sorts the rows by the resource's fingerprint: the resources
// are looked up first, and then few rows are read.
type resourceFilter struct {
	services []string
	labels   map[string]string
	window   base.Window
}

func (f resourceFilter) empty() bool { return len(f.services) == 0 && len(f.labels) == 0 }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// maxLikes is how many services get a LIKE beside the exact comparison; more would cost more than they save.
const maxLikes = 20

// fingerprints asks for the fingerprints of the resources that match; limit 0 = all.
func (f resourceFilter) fingerprints(table string, s *statement, limit int) string {
	own := &statement{args: s.args}
	if len(f.services) > 0 {
		own.label(serviceLabel, f.services)
	}
	for _, key := range sortedKeys(f.labels) {
		own.label(key, []string{f.labels[key]})
	}
	own.buckets("seen_at_ts_bucket_start", "Int64", f.window)
	sql := "SELECT fingerprint FROM " + quoteTable(table) + own.clause() + "\nGROUP BY fingerprint"
	if limit > 0 {
		sql += "\nLIMIT " + own.bind("UInt64", uint64(limit))
	}
	return sql
}

// label compares one label with values: exactly, and with LIKE for the indexes over the text of the labels.
func (s *statement) label(key string, values []string) {
	name := escapeJSON(key)
	if len(values) == 1 {
		s.and("simpleJSONExtractString(labels, %s) = %s", s.text(name), s.text(values[0]))
	} else {
		s.and("simpleJSONExtractString(labels, %s) IN %s", s.text(name), s.texts(values))
	}
	if len(values) > maxLikes {
		s.and("labels LIKE %s", s.text(`%"`+escapeLike(name)+`":%`))
		return
	}
	var likes []string
	for _, v := range values {
		if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' }) {
			return // control characters have more than one JSON form
		}
		likes = append(likes, "labels LIKE "+s.text(`%"`+escapeLike(escapeJSON(key)+`":"`+escapeJSON(v))+`"%`))
	}
	s.and("%s", either(likes...))
}

// byMap is the same filter over the map that each row carries: right always, and slow.
func (f resourceFilter) byMap(s *statement, column string) {
	if len(f.services) == 1 {
		s.and("%s[%s] = %s", column, s.text(serviceLabel), s.text(f.services[0]))
	} else if len(f.services) > 1 {
		s.and("%s[%s] IN %s", column, s.text(serviceLabel), s.texts(f.services))
	}
	for _, key := range sortedKeys(f.labels) {
		k := s.text(key)
		s.and("%s[%s] = %s", column, k, s.text(f.labels[key]))
	}
}

// maxFingerprints is how many fingerprints are sent back as a list; more stay at the server as a common table
// expression.
const maxFingerprints = 1000

// resourceMatch says how the rows of the matching resources are found.
type resourceMatch struct {
	filter resourceFilter
	how    matchKind
	list   []string // of fingerprints
}

type matchKind uint8

const (
	matchAll     matchKind = iota // the question does not concern resources
	matchList                     // by a list of fingerprints
	matchTable                    // by the table of resources, for there are too many
	matchMap                      // by the map of each row, for the table of resources lacks them
	matchNothing                  // verified: no row has such a resource
)

// apply adds the condition; the result is the WITH clause in front of the statement, mostly empty.
func (m resourceMatch) apply(s *statement, table, fingerprint, resources string) string {
	switch m.how {
	case matchList:
		s.and("%s IN %s", fingerprint, s.texts(m.list))
	case matchTable:
		with := "WITH __resources AS (\n" + m.filter.fingerprints(table, s, 0) + ")\n"
		s.and("%s GLOBAL IN (SELECT fingerprint FROM __resources)", fingerprint)
		return with
	case matchMap:
		m.filter.byMap(s, resources)
	case matchNothing:
		s.and("1 = 0")
	}
	return ""
}

// attribute compares an attribute with a value. Attributes are kept by type, and a question does not say the type.
func (s *statement) attribute(maps attributeMaps, key, value string) (string, error) {
	if maps.strings == absent || maps.strings == "" {
		return "", fmt.Errorf("attributes.%s: the table has no column of attributes", key)
	}
	column := "attribute_string_" + strings.ReplaceAll(key, ".", "$$")
	entry := func(column, value string) string {
		m, k := quote(column), s.text(key)
		return fmt.Sprintf("(mapContains(%s, %s) AND %s[%s] = %s)", m, k, m, k, value)
	}
	var all []string
	if maps.materialized[column] {
		all = append(all, fmt.Sprintf("(%s = %s AND %s)", quote(column), s.text(value), quote(column+"_exists")))
	} else {
		all = append(all, entry(maps.strings, s.text(value)))
	}
	if n, ok := asNumber(value); ok && maps.numbers != absent {
		all = append(all, entry(maps.numbers, s.bind("Float64", n)))
	}
	if (value == "true" || value == "false") && maps.bools != absent {
		all = append(all, entry(maps.bools, value))
	}
	return either(all...), nil
}

// attributeMaps are the columns that hold attributes by type, and the attributes that have a column of their own.
type attributeMaps struct {
	strings, numbers, bools string
	materialized            map[string]bool
}
