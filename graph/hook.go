package graph

import (
	"context"
	"errors"
	"net"
	"reflect"
	"unsafe"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

type supply = func(context.Context, string) (net.Conn, error)

var errHook = errors.New("this version of the Neo4j driver does not take a dialer; build with the version that go.mod of this module names")

// hook gives the driver its dialer. The driver has the field for it, of a func type and heeded by its connector, but no
// way to it from outside: without it there would be no WithDialer, no bound on logins, no cut of one connection. A driver
// without the field is refused, never used with a dialer of its own.
func hook(d neo4j.DriverWithContext, dial supply) error {
	v := reflect.ValueOf(d)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return errHook
	}
	connector := v.Elem().FieldByName("connector")
	if !connector.IsValid() || connector.Kind() != reflect.Struct {
		return errHook
	}
	field := connector.FieldByName("SupplyConnection")
	if !field.IsValid() || field.Type() != reflect.TypeFor[supply]() {
		return errHook
	}
	*(*supply)(unsafe.Pointer(field.UnsafeAddr())) = dial //nolint:gosec // of this very type, as was checked
	return nil
}
