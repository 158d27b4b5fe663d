package scrape_test

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/miekg/dns"

	"plimsoll/slo/ledger"
)

// ownResolver is set in the child of TestDNSDiscovery, which has a network and an /etc/resolv.conf of its own.
var ownResolver = flag.Bool("own-resolver", false, "run TestDNSDiscovery in this process")

// DNS discovery asks the servers of /etc/resolv.conf at port 53. So that it asks a server of the test, the test runs
// again in a child process with its own mounts and network.
func TestDNSDiscovery(t *testing.T) {
	if *ownResolver {
		dnsDiscovery(t)
		return
	}
	t.Parallel()
	out, err := inNamespace(t, "-test.run=^TestDNSDiscovery$", "-own-resolver")
	if errors.Is(err, syscall.EPERM) {
		t.Logf("this system lets no process have a resolver of its own (%v): only the configuration of DNS discovery was tested", err)
		return
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func dnsDiscovery(t *testing.T) {
	if err := loopbackUp(); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(conf, []byte("nameserver 127.0.0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(conf, "/etc/resolv.conf", "", syscall.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	srv, a := startProgram(t, false), startProgram(t, false)
	srv.count("200", 7)
	a.count("500", 5)
	_, srvPort, _ := net.SplitHostPort(srv.addr)
	_, aPort, _ := net.SplitHostPort(a.addr)
	startDNS(t, map[string]string{
		"_metrics._tcp.video.test. SRV": "_metrics._tcp.video.test. 60 IN SRV 0 0 " + srvPort + " one.video.test.",
		"one.video.test. A":             "one.video.test. 60 IN A 127.0.0.1",
		"api.video.test. A":             "api.video.test. 60 IN A 127.0.0.1",
	})
	p := startPlimsoll(t, ledger.New(ledger.Config{}), often("dns_sd_configs: [{names: [_metrics._tcp.video.test]}]")+
		strings.Replace(often("dns_sd_configs: [{names: [api.video.test, none.video.test], type: A, port: "+aPort+"}]"), "job_name: api", "job_name: a", 1))
	p.await(t, 7, 12)
	var instances []string
	for _, target := range p.scraper.Targets() {
		instances = append(instances, target.Instance)
	}
	if want := fmt.Sprint([]string{a.addr, net.JoinHostPort("one.video.test", srvPort)}); fmt.Sprint(instances) != want {
		t.Errorf("targets %v, want %v", instances, want)
	}
}

// startDNS runs a name server on port 53 that knows these records, by name and type.
func startDNS(t *testing.T, records map[string]string) {
	t.Helper()
	answers := map[string]dns.RR{}
	for question, text := range records {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		answers[question] = rr
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg).SetReply(question)
		q := question.Question[0]
		if rr, ok := answers[q.Name+" "+dns.TypeToString[q.Qtype]]; ok {
			answer.Answer = []dns.RR{rr}
		} else {
			answer.Rcode = dns.RcodeNameError
		}
		_ = w.WriteMsg(answer)
	})}
	done := make(chan error, 1)
	go func() { done <- server.ActivateAndServe() }()
	t.Cleanup(func() {
		_ = server.Shutdown()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// inNamespace runs this test binary in a child that may change its mounts and network without anybody noticing.
// The error is EPERM where the system does not allow that.
func inNamespace(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, Unshareflags: syscall.CLONE_NEWNS}
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: gid, Size: 1}}
	}
	return cmd.CombinedOutput()
}

// loopbackUp turns on 127.0.0.1, which is off in a new network.
func loopbackUp() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	request := struct { // struct ifreq
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{name: [syscall.IFNAMSIZ]byte{'l', 'o'}, flags: syscall.IFF_UP}
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return errno
	}
	return nil
}
