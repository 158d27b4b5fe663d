package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"
	"unicode"

	"plimsoll/alerts"
)

// EmailConfig of an [Email] receiver.
type EmailConfig struct {
	Server string   // required: host:port of an SMTP server
	From   string   // required
	To     []string // at least one
	// Username and Password for AUTH PLAIN; sent only over TLS.
	Username, Password string
	// Plain allows a server that does not offer STARTTLS, such as one on the same host.
	Plain bool
	// TLS of the connection; nil for that of the system.
	TLS *tls.Config
}

// Email sends a notice as a plain text message. The notices of an episode form a thread.
type Email struct {
	cfg  EmailConfig
	host string
	from *mail.Address
	to   []*mail.Address
}

// NewEmail makes a receiver that is people's mail.
func NewEmail(cfg EmailConfig) (*Email, error) {
	host, _, err := net.SplitHostPort(cfg.Server)
	if err != nil {
		return nil, fmt.Errorf("email: server: %q is not host:port, such as smtp.example.com:587", cfg.Server)
	}
	if len(cfg.To) == 0 {
		return nil, errors.New("email: to: at least one address is required")
	}
	var addresses []*mail.Address
	for _, text := range append([]string{cfg.From}, cfg.To...) {
		address, err := mail.ParseAddress(text)
		if err != nil || strings.ContainsFunc(address.Name+address.Address, unicode.IsControl) {
			return nil, fmt.Errorf("email: %q is not an address, such as sre@example.com", text)
		}
		addresses = append(addresses, address)
	}
	if cfg.TLS == nil {
		cfg.TLS = &tls.Config{ServerName: host}
	}
	return &Email{cfg: cfg, host: host, from: addresses[0], to: addresses[1:]}, nil
}

// Letter is a plain text message.
type Letter struct {
	ID      string // unique; the Message-ID is made of it
	Subject string
	At      time.Time
	Text    string
	Thread  string // the Message-ID that it answers; empty for the first of a thread
}

// Notify implements [Receiver]. The reference is the Message-ID of the first message of the thread.
func (e *Email) Notify(ctx context.Context, n alerts.Notice, previous string) (string, error) {
	l := Letter{ID: n.ID, Subject: n.Title(), At: n.At, Text: n.Text(), Thread: previous}
	if err := e.Send(ctx, l); err != nil {
		return "", err
	}
	if previous != "" {
		return previous, nil
	}
	return l.messageID(), nil
}

// Send sends a letter to everybody that the receiver is for. A letter that comes twice has the same Message-ID.
func (e *Email) Send(ctx context.Context, l Letter) error { return e.send(ctx, e.message(l)) }

func (l Letter) messageID() string { return fmt.Sprintf("<%s@plimsoll>", l.ID) }

func (e *Email) message(l Letter) []byte {
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	to := make([]string, len(e.to))
	for i, address := range e.to {
		to[i] = address.String() // with its name as RFC 2047 has it
	}
	header("From", e.from.String())
	header("To", strings.Join(to, ",\r\n "))
	header("Subject", mime.QEncoding.Encode("utf-8", l.Subject))
	header("Date", l.At.Format(time.RFC1123Z))
	header("Message-ID", l.messageID())
	if l.Thread != "" {
		header("In-Reply-To", l.Thread)
		header("References", l.Thread)
	}
	header("Auto-Submitted", "auto-generated")
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(l.Text)) // a buffer takes all
	_ = w.Close()
	return b.Bytes()
}

func (e *Email) send(ctx context.Context, message []byte) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", e.cfg.Server)
	if err != nil {
		return &Later{Err: fmt.Errorf("reach mail server: %w", err)}
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return &Later{Err: err}
	}
	if err := e.talk(conn, message); err != nil {
		return smtpError(err)
	}
	return nil
}

// errNoTLS is returned by a server that would take the message, and the password, in the clear.
var errNoTLS = errors.New("the mail server offers no STARTTLS")

func (e *Email) talk(conn net.Conn, message []byte) error {
	c, err := smtp.NewClient(conn, e.host)
	if err != nil {
		return err
	}
	defer c.Close()
	if offered, _ := c.Extension("STARTTLS"); offered {
		if err := c.StartTLS(e.cfg.TLS); err != nil {
			return err
		}
	} else if !e.cfg.Plain || e.cfg.Password != "" {
		return errNoTLS
	}
	if e.cfg.Password != "" {
		if err := c.Auth(smtp.PlainAuth("", e.cfg.Username, e.cfg.Password, e.host)); err != nil {
			return err
		}
	}
	if err := c.Mail(e.from.Address); err != nil {
		return err
	}
	for _, to := range e.to {
		if err := c.Rcpt(to.Address); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(message); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // the server has taken the message; another attempt would send it twice
	return nil
}

// smtpError tells a refusal, which is a 5yz reply (RFC 5321, 4.2.1), from passing trouble.
func smtpError(err error) error {
	var reply *textproto.Error
	if errors.Is(err, errNoTLS) || errors.As(err, &reply) && reply.Code >= 500 {
		return refused("send mail: %w", err)
	}
	return &Later{Err: fmt.Errorf("send mail: %w", err)}
}
