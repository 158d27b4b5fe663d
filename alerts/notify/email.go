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
	for _, address := range append([]string{cfg.From}, cfg.To...) {
		if _, err := mail.ParseAddress(address); err != nil {
			return nil, fmt.Errorf("email: %q is not an address, such as sre@example.com", address)
		}
	}
	if cfg.TLS == nil {
		cfg.TLS = &tls.Config{ServerName: host}
	}
	return &Email{cfg: cfg, host: host}, nil
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
	header("From", e.cfg.From)
	header("To", strings.Join(e.cfg.To, ", "))
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
	if err := c.Mail(bare(e.cfg.From)); err != nil {
		return err
	}
	for _, to := range e.cfg.To {
		if err := c.Rcpt(bare(to)); err != nil {
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

// bare returns an address, which has been checked, without its name.
func bare(address string) string {
	a, err := mail.ParseAddress(address)
	if err != nil {
		return address
	}
	return a.Address
}

// smtpError tells a refusal, which is a 5yz reply (RFC 5321, 4.2.1), from passing trouble.
func smtpError(err error) error {
	var reply *textproto.Error
	if errors.Is(err, errNoTLS) || errors.As(err, &reply) && reply.Code >= 500 {
		return refused("send mail: %w", err)
	}
	return &Later{Err: fmt.Errorf("send mail: %w", err)}
}
