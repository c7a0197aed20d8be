package engines

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
)

// Ports are taken from below the range that the kernel gives to outgoing connections. A port from inside it can be
// taken while its server is down, and a client that dials it then may even meet itself.
const (
	lowestPort  = 20_000
	highestPort = 32_000
)

// freePort returns a port on which nobody listens, other than those named.
func freePort(taken ...int) (int, error) {
	var config net.ListenConfig
	for range 100 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		if slices.Contains(taken, port) {
			continue
		}
		listener, err := config.Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return 0, errors.New("no free port found")
}
