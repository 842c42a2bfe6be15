package where_test

import (
	"net"
	"testing"

	"github.com/heard-intake/heard/infra/local/where"
)

func TestListen_PortCanBeReused(t *testing.T) {
	t.Parallel()
	l, err := where.Listen()
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().(*net.TCPAddr)
	if other, err := where.Listen(); err != nil || other.Addr().String() == at.String() {
		t.Errorf("another is %v, %v", other, err)
	} else {
		_ = other.Close()
	}
	_ = l.Close()
	if l, err = net.Listen("tcp4", at.String()); err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if at.Port >= 32_768 {
		t.Errorf("any connection may be given port %d", at.Port)
	}
}
