package notify_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"plimsoll/alerts"
	"plimsoll/alerts/notify"
)

// mailServer speaks SMTP (RFC 5321) with STARTTLS (RFC 3207), as far as a client that sends one message asks.
type mailServer struct {
	listener net.Listener
	tls      *tls.Config // nil: no STARTTLS
	refuse   string      // reply to RCPT; empty for 250
	rude     bool        // it hangs up on QUIT

	mu       sync.Mutex
	messages []string
	secure   bool // the last message came over TLS
	auth     string
}

func newMailServer(t *testing.T, s *mailServer) *mailServer {
	t.Helper()
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.serve(conn)
		}
	})
	t.Cleanup(func() { s.listener.Close(); serving.Wait() })
	return s
}

func (s *mailServer) serve(conn net.Conn) {
	defer func() { conn.Close() }()
	in := bufio.NewReader(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 mail.example.com")
	secure := false
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		switch verb, _, _ := strings.Cut(line, " "); strings.ToUpper(verb) {
		case "EHLO":
			if s.tls != nil && !secure {
				say("250-mail.example.com")
				say("250 STARTTLS")
			} else {
				say("250-mail.example.com")
				say("250 AUTH PLAIN")
			}
		case "STARTTLS":
			say("220 go ahead")
			secured := tls.Server(conn, s.tls)
			conn, in, secure = secured, bufio.NewReader(secured), true
		case "AUTH":
			s.mu.Lock()
			s.auth = line
			s.mu.Unlock()
			say("235 welcome")
		case "RCPT":
			if s.refuse != "" {
				say(s.refuse)
				continue
			}
			say("250 ok")
		case "DATA":
			say("354 go on")
			s.take(in, secure)
			say("250 taken")
		case "QUIT":
			if !s.rude {
				say("221 bye")
			}
			return
		default:
			say("250 ok")
		}
	}
}

func (s *mailServer) take(in *bufio.Reader, secure bool) {
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages, s.secure = append(s.messages, b.String()), secure
}

// certificate returns the two sides of a connection to 127.0.0.1.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
}

func TestEmailOverTLS(t *testing.T) {
	t.Parallel()
	serverTLS, clientTLS := certificate(t)
	s := newMailServer(t, &mailServer{tls: serverTLS})
	e, err := notify.NewEmail(notify.EmailConfig{
		Server: s.listener.Addr().String(), From: "Plimsoll <plimsoll@example.com>", To: []string{"sre@example.com"},
		Username: "plimsoll", Password: "s3cret", TLS: clientTLS,
	})
	if err != nil {
		t.Fatal(err)
	}
	n := notice(alerts.First)
	thread, err := e.Notify(t.Context(), n, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Notify(t.Context(), notice(alerts.AllOver), thread); err != nil {
		t.Fatal(err)
	}
	if !s.secure || s.auth == "" || len(s.messages) != 2 {
		t.Fatalf("secure %v, auth %q, %d messages", s.secure, s.auth, len(s.messages))
	}
	first, err := mail.ReadMessage(strings.NewReader(s.messages[0]))
	if err != nil {
		t.Fatal(err)
	}
	subject, _ := new(mime.WordDecoder).DecodeHeader(first.Header.Get("Subject"))
	body, err := io.ReadAll(quotedprintable.NewReader(first.Body))
	if err != nil {
		t.Fatal(err)
	}
	if subject != n.Title() || strings.ReplaceAll(string(body), "\r\n", "\n") != n.Text() {
		t.Errorf("subject %q, body\n%s", subject, body)
	}
	second, err := mail.ReadMessage(strings.NewReader(s.messages[1]))
	if err != nil {
		t.Fatal(err)
	}
	if second.Header.Get("In-Reply-To") != thread || first.Header.Get("Message-ID") != thread {
		t.Errorf("thread %q; first %v, second %v", thread, first.Header, second.Header)
	}
}

func TestEmailErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		reply   string // to RCPT
		cfg     notify.EmailConfig
		refused bool
		want    string
	}{
		{"no STARTTLS", "", notify.EmailConfig{}, true, "STARTTLS"},
		{"a password in the clear", "", notify.EmailConfig{Plain: true, Password: "x"}, true, "STARTTLS"},
		{"unknown recipient", "550 no such user", notify.EmailConfig{Plain: true}, true, "no such user"},
		{"try later", "451 greylisted", notify.EmailConfig{Plain: true}, false, "greylisted"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newMailServer(t, &mailServer{refuse: tc.reply})
			tc.cfg.Server, tc.cfg.From, tc.cfg.To = s.listener.Addr().String(), "a@example.com", []string{"b@example.com"}
			e, err := notify.NewEmail(tc.cfg)
			if err != nil {
				t.Fatal(err)
			}
			_, err = e.Notify(t.Context(), notice(alerts.First), "")
			var later *notify.Later
			if errors.Is(err, notify.ErrRefused) != tc.refused || errors.As(err, &later) == tc.refused || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v", err)
			}
			if len(s.messages) > 0 {
				t.Errorf("it was sent: %q", s.messages)
			}
		})
	}
}

// A message that the server has taken is delivered, whatever becomes of the connection then: another attempt would send it twice.
func TestEmailIsTaken(t *testing.T) {
	t.Parallel()
	s := newMailServer(t, &mailServer{rude: true})
	e, err := notify.NewEmail(notify.EmailConfig{Server: s.listener.Addr().String(), From: "a@example.com", To: []string{"b@example.com"}, Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Notify(t.Context(), notice(alerts.First), ""); err != nil || len(s.messages) != 1 {
		t.Errorf("%d messages, %v", len(s.messages), err)
	}
}

// Names of any language arrive, and nothing that is told can become a header of its own.
func TestEmailHeaders(t *testing.T) {
	t.Parallel()
	s := newMailServer(t, &mailServer{})
	e, err := notify.NewEmail(notify.EmailConfig{Server: s.listener.Addr().String(), From: "Störungsmelder <plimsoll@example.com>",
		To: []string{`"Ops, Inc." <ops@example.com>`, "Jürgen <j@example.com>"}, Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	const subject = "video-api: ausgefallen\r\nBcc: everybody@example.com\r\n\r\nhello"
	if err := e.Send(t.Context(), notify.Letter{ID: "1", Subject: subject, At: at, Text: "Grüße"}); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(s.messages[0], func(r rune) bool { return r > 127 }); i >= 0 {
		t.Errorf("not ASCII: %q", s.messages[0][i:])
	}
	m, err := mail.ReadMessage(strings.NewReader(s.messages[0]))
	if err != nil {
		t.Fatal(err)
	}
	from, err := m.Header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Name != "Störungsmelder" {
		t.Errorf("from %v, %v", from, err)
	}
	to, err := m.Header.AddressList("To")
	if err != nil || len(to) != 2 || to[0].Name != "Ops, Inc." || to[1].Name != "Jürgen" {
		t.Errorf("to %v, %v", to, err)
	}
	if got, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil || got != subject {
		t.Errorf("subject %q, %v", got, err)
	}
	if m.Header.Get("Bcc") != "" {
		t.Error("what is told became a header")
	}
	for _, address := range []string{"a@example.com\r\nBcc: b@example.com", "\"a\r\n b\" <a@example.com>"} {
		if _, err := notify.NewEmail(notify.EmailConfig{Server: "smtp:25", From: address, To: []string{"a@example.com"}}); err == nil {
			t.Errorf("%q is an address", address)
		}
	}
}
