package where

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// Listen picks a port from this range: 12,000 up to 31,999. Neither Linux nor
// macOS assigns these to outgoing connections or to a listener on port 0.
const (
	firstPort = 12_000
	ports     = 20_000
)

// Listen listens on a free port of 127.0.0.1. The caller can close the listener
// and later listen on the same port again, because the kernel does not assign
// ports of this range to other connections.
func Listen() (net.Listener, error) {
	for {
		port := strconv.Itoa(firstPort + rand.IntN(ports)) //nolint:gosec // not a secret
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", port))
		if !errors.Is(err, syscall.EADDRINUSE) {
			return l, err
		}
	}
}
