package where

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// Ports that neither Linux nor macOS gives to outgoing connections or to who
// asks for any port.
const firstPort, ports = 12_000, 20_000

// Listen listens on a free port of this machine, and one that stays free for
// whoever stops listening and wants it back: no connection that others make
// meanwhile is given it.
func Listen() (net.Listener, error) {
	for {
		port := strconv.Itoa(firstPort + rand.IntN(ports)) //nolint:gosec // spreads, guards nothing
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", port))
		if !errors.Is(err, syscall.EADDRINUSE) {
			return l, err
		}
	}
}
