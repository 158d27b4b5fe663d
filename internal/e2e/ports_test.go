package e2e

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// givenOut are the ports that freeAddr has given out, whether or not anything listens on them now.
var givenOut sync.Map

// freeAddr returns an address on loopback that stays free while nobody listens on it, such as between two starts of a process: its port is
// given out once, and lies below those from which the kernel picks when any will do.
func freeAddr(t *testing.T) string {
	t.Helper()
	const first, ports = 20_000, 12_000
	start := rand.IntN(ports)
	for i := range ports {
		port := first + (start+i)%ports
		if _, taken := givenOut.LoadOrStore(port, true); taken {
			continue
		}
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}
