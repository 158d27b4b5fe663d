package blob

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// reservation keeps a TCP port for a listener that is opened by code which takes a number and does not tell which one
// it got. The socket is bound but does not listen, so that with SO_REUSEADDR (which Go sets on listeners) the real
// listener can bind beside it, while the kernel gives the port to no one who asks for any free one.
type reservation struct {
	addr    string // with the real port
	release func() // may be called more than once
}

func reserve(addr string) (*reservation, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("object storage address %q: expected IP address and port, such as 127.0.0.1:8093: %w", addr, err)
	}
	if tcp.Port != 0 {
		return &reservation{addr: tcp.String(), release: func() {}}, nil
	}
	family, local := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Addr: [16]byte(tcp.IP.To16())})
	if v4 := tcp.IP.To4(); v4 != nil {
		family, local = unix.AF_INET, &unix.SockaddrInet4{Addr: [4]byte(v4)}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	unix.CloseOnExec(fd)
	port, err := bind(fd, local)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("reserve a port at %s: %w", addr, err)
	}
	return &reservation{
		addr:    net.JoinHostPort(tcp.IP.String(), strconv.Itoa(port)),
		release: sync.OnceFunc(func() { _ = unix.Close(fd) }),
	}, nil
}

func bind(fd int, local unix.Sockaddr) (port int, err error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return 0, os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(fd, local); err != nil {
		return 0, os.NewSyscallError("bind", err)
	}
	bound, err := unix.Getsockname(fd)
	switch a := bound.(type) {
	case *unix.SockaddrInet4:
		return a.Port, nil
	case *unix.SockaddrInet6:
		return a.Port, nil
	}
	return 0, os.NewSyscallError("getsockname", err)
}
