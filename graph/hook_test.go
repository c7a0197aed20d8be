package graph

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

func TestADriverThatTakesNoDialerIsRefused(t *testing.T) {
	t.Parallel()
	type bare struct{ neo4j.DriverWithContext }
	type other struct {
		neo4j.DriverWithContext
		//lint:ignore U1000 hook looks for it by its name
		connector struct{ SupplyConnection func() }
	}
	dial := func(context.Context, string) (net.Conn, error) { return nil, errEnded }
	for _, d := range []neo4j.DriverWithContext{bare{}, &bare{}, &other{}} {
		if err := hook(d, dial); !errors.Is(err, errHook) {
			t.Errorf("%T: %v", d, err)
		}
	}
}

func TestTheDriverDialsThroughTheDialer(t *testing.T) {
	t.Parallel()
	driver, err := neo4j.NewDriverWithContext("bolt://graph.example.com:7687", neo4j.NoAuth())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = driver.Close(t.Context()) }()
	var dialled string
	if err := hook(driver, func(_ context.Context, address string) (net.Conn, error) {
		dialled = address
		return nil, errEnded
	}); err != nil {
		t.Fatal(err)
	}
	if err := driver.VerifyConnectivity(t.Context()); err == nil || dialled != "graph.example.com:7687" {
		t.Errorf("dialled %q, %v", dialled, err)
	}
}
