package graph

import (
	"errors"
	"fmt"
	"strings"
)

// Names of procedures and functions, in lower case. One that ends with a dot is the beginning of a family.

var harmlessProcedures = []string{
	"db.labels", "db.relationshiptypes", "db.propertykeys", "db.info", "db.ping", "db.schema.",
	"db.index.fulltext.querynodes", "db.index.fulltext.queryrelationships", "db.index.fulltext.listavailableanalyzers",
	"db.index.vector.querynodes", "db.index.vector.queryrelationships",
	"dbms.components", "dbms.info", "dbms.showcurrentuser", "dbms.listconnections", "dbms.listactivelocks",
	"dbms.routing.getroutingtable", "dbms.cluster.routing.getroutingtable",
	"apoc.help", "apoc.path.", "apoc.algo.", "apoc.neighbors.", "apoc.meta.", "apoc.search.", "apoc.text.", "apoc.coll.",
	"apoc.convert.", "apoc.stats.",
}

var harmlessFunctions = []string{
	"date.", "datetime.", "localdatetime.", "time.", "localtime.", "duration.", "point.", "vector.", "graph.", "db.namefromelementid",
	"apoc.version", "apoc.agg.", "apoc.any.", "apoc.bitwise.", "apoc.coll.", "apoc.convert.", "apoc.data.", "apoc.date.", "apoc.diff.",
	"apoc.hashing.", "apoc.label.", "apoc.map.", "apoc.math.", "apoc.meta.", "apoc.node.", "apoc.nodes.", "apoc.number.", "apoc.path.",
	"apoc.rel.", "apoc.scoring.", "apoc.temporal.", "apoc.text.",
}

// actingNames do more than read, or run a text that nobody has checked. No operator can allow them.
var actingNames = []struct{ name, why string }{
	{"dbms.kill", whyOthers},
	{"dbms.setconfigvalue", whyServer},
	{"dbms.security.", whyServer},
	{"dbms.upgrade", whyServer},
	{"dbms.quarantinedatabase", whyServer},
	{"db.clearquerycaches", whyServer},
	{"db.checkpoint", whyServer},
	{"db.prepareforreplanning", whyServer},
	{"db.resampleindex", whyServer},
	{"db.resampleoutdatedindexes", whyServer},
	{"db.stats.", whyServer},
	{"db.create", whyWrites},
	{"tx.setmetadata", whyOthers},
	{"genai.", whyElsewhere},
	{"apoc.cypher.", whyCypher},
	{"apoc.case", whyCypher},
	{"apoc.when", whyCypher},
	{"apoc.do.", whyCypher},
	{"apoc.periodic.", whyCypher},
	{"apoc.custom.", whyCypher},
	{"apoc.trigger.", whyCypher},
	{"apoc.systemdb.", whyCypher},
	{"apoc.load.", whyElsewhere},
	{"apoc.import.", whyElsewhere},
	{"apoc.export.", whyElsewhere},
	{"apoc.bolt.", whyElsewhere},
	{"apoc.couchbase.", whyElsewhere},
	{"apoc.es.", whyElsewhere},
	{"apoc.gephi.", whyElsewhere},
	{"apoc.mongo", whyElsewhere},
	{"apoc.redis.", whyElsewhere},
	{"apoc.model.", whyElsewhere},
	{"apoc.ml.", whyElsewhere},
	{"apoc.nlp.", whyElsewhere},
	{"apoc.dv.", whyElsewhere},
	{"apoc.spatial.", whyElsewhere},
	{"apoc.config.", whyServer},
	{"apoc.static.", whyServer},
	{"apoc.log.", whyServer},
	{"apoc.warmup.", whyServer},
	{"apoc.util.sleep", whyServer},
	{"apoc.lock.", whyOthers},
	{"apoc.create.", whyWrites},
	{"apoc.merge.", whyWrites},
	{"apoc.refactor.", whyWrites},
	{"apoc.atomic.", whyWrites},
	{"apoc.generate.", whyWrites},
	{"apoc.schema.assert", whyWrites},
	{"apoc.ttl.", whyWrites},
	{"apoc.uuid.", whyWrites},
	{"apoc.nodes.delete", whyWrites},
}

const (
	whyOthers    = "it acts on other calls"
	whyServer    = "it changes what the server does, or tells its settings"
	whyElsewhere = "it reaches another server, or files"
	whyCypher    = "it runs a text as Cypher"
	whyWrites    = "it writes"
)

// acting says why a procedure or function may not be called; empty when nothing is known against it.
func acting(name string) string {
	name = strings.ToLower(name)
	for _, a := range actingNames {
		if strings.HasPrefix(name, a.name) {
			return a.why
		}
	}
	return ""
}

// matches reports whether the name is in the list: as it is, or by the beginning of its family, with or without a star.
func matches(name string, list []string) bool {
	name = strings.ToLower(name)
	for _, known := range list {
		known = strings.TrimSuffix(strings.ToLower(known), "*")
		if name == known || strings.HasSuffix(known, ".") && strings.HasPrefix(name, known) {
			return true
		}
	}
	return false
}

// checkAllowed refuses names in Config.Procedures: what is no name, and what acts.
func checkAllowed(name string) error {
	family, star := strings.CutSuffix(name, "*")
	if star != strings.HasSuffix(family, ".") {
		return errors.New("a star stands behind the last dot, and only there; write namespace.name or namespace.*")
	}
	if err := checkIdentifier(family); err != nil || !strings.Contains(family, ".") || strings.Contains(family, " ") {
		return errors.New("it is no name of a procedure; write namespace.name or namespace.*")
	}
	if why := acting(family); why != "" {
		return fmt.Errorf("%s cannot be allowed: %s", name, why)
	}
	for _, a := range actingNames {
		if star && strings.HasPrefix(a.name, strings.ToLower(family)) {
			return fmt.Errorf("%s cannot be allowed, for %s... is among them: %s; name the others", name, a.name, a.why)
		}
	}
	return nil
}
