package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"plimsoll/slo/gate"
)

const (
	kindDecision = "decision"
	kindFreeze   = "freeze"
	kindPolicy   = "policy"
	kindOverride = "override"

	kindExemption = "exemption"
)

// entry is one record of the audit log. Its JSON is what is hashed and stored, byte for byte.
type entry struct {
	Seq         int64          `json:"seq"`
	Kind        string         `json:"kind"`
	At          time.Time      `json:"at"`
	Service     string         `json:"service"`
	Environment string         `json:"environment"`
	Decision    *gate.Decision `json:"decision,omitempty"`
	Event       *gate.Event    `json:"event,omitempty"`
	Policy      *policyText    `json:"policy,omitempty"`
	Override    *gate.Override `json:"override,omitempty"`

	Exemption *gate.Exemption `json:"exemption,omitempty"`
}

func (e entry) outcome() *string {
	if e.Decision == nil {
		return nil
	}
	s := string(e.Decision.Outcome)
	return &s
}

// chain is the audit log within one transaction that holds its head.
type chain struct {
	seq  int64
	hash [sha256.Size]byte
	new  columns
	// policies whose text is in the log once the transaction is committed.
	policies []string
}

// columns are the entries to be written.
type columns struct {
	seq                                []int64
	kind, service, environment, record []string
	at                                 []time.Time
	outcome                            []*string
	prev, hash                         [][]byte
}

// lockChain takes the head of the chain until the transaction ends. What the transaction reads after it includes all
// that was committed before. Its commit waits for the disk, also where the database's default is not to.
func lockChain(ctx context.Context, tx pgx.Tx) (*chain, error) {
	var b pgx.Batch
	c := queueLock(&b)
	return c, tx.SendBatch(ctx, &b).Close()
}

// queueLock puts the lock into a round trip; what is queued after it is read after it.
func queueLock(b *pgx.Batch) *chain {
	var c chain
	b.Queue(`SELECT seq, hash, set_config('synchronous_commit', 'on', true) FROM gate_audit_head FOR UPDATE`).QueryRow(func(row pgx.Row) error {
		var hash []byte
		err := row.Scan(&c.seq, &hash, nil)
		copy(c.hash[:], hash)
		return wrapped("lock audit log", err)
	})
	return &c
}

// next is the place of the entry that will be appended next.
func (c *chain) next() int64 { return c.seq + 1 }

func (c *chain) decision(d gate.Decision) error {
	return c.append(entry{Kind: kindDecision, At: d.At, Service: d.Change.Service, Environment: d.Change.Environment, Decision: &d})
}

func (c *chain) event(e gate.Event) error {
	return c.append(entry{Kind: kindFreeze, At: e.At, Service: e.Service, Environment: e.Environment, Event: &e})
}

// policy records the text of a policy, of every environment that it is for.
func (c *chain) policy(at time.Time, p *gate.Policy) error {
	return c.append(entry{Kind: kindPolicy, At: at, Service: p.Ref().Covers(), Environment: strings.Join(p.Environments, ","),
		Policy: &policyText{Service: p.Service, Version: p.Version, File: p.File, Source: p.Source}})
}

func (c *chain) override(at time.Time, o gate.Override) error {
	return c.append(entry{Kind: kindOverride, At: at, Service: o.Service, Environment: o.Environment, Override: &o})
}

func (c *chain) exemption(at time.Time, e gate.Exemption) error {
	return c.append(entry{Kind: kindExemption, At: at, Service: e.Service, Environment: e.Environment, Exemption: &e})
}

func (c *chain) append(e entry) error {
	e.Seq = c.next()
	var record bytes.Buffer
	enc := json.NewEncoder(&record)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return fmt.Errorf("encode audit entry: %w", err)
	}
	text := bytes.TrimSuffix(record.Bytes(), []byte("\n"))
	prev := bytes.Clone(c.hash[:])
	c.seq, c.hash = e.Seq, link(prev, text)
	n := &c.new
	n.seq, n.kind, n.at = append(n.seq, e.Seq), append(n.kind, e.Kind), append(n.at, e.At)
	n.service, n.environment = append(n.service, e.Service), append(n.environment, e.Environment)
	n.outcome, n.record = append(n.outcome, e.outcome()), append(n.record, string(text))
	n.prev, n.hash = append(n.prev, prev), append(n.hash, bytes.Clone(c.hash[:]))
	return nil
}

// link is the hash of an entry: SHA-256 over the hash of the entry before and the record.
func link(prev, record []byte) [sha256.Size]byte {
	return sha256.Sum256(append(bytes.Clone(prev), record...))
}

// flush writes the appended entries and the new head, in one round trip.
func (c *chain) flush(ctx context.Context, tx pgx.Tx) error {
	if len(c.new.seq) == 0 {
		return nil
	}
	var batch pgx.Batch
	c.queue(&batch)
	return wrapped("append to audit log", tx.SendBatch(ctx, &batch).Close())
}

// queue puts the appended entries and the new head into a round trip.
func (c *chain) queue(b *pgx.Batch) {
	n := &c.new
	b.Queue(`INSERT INTO gate_audit (seq, kind, at, service, environment, outcome, record, prev, hash)
		SELECT * FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[], $9::bytea[])`,
		n.seq, n.kind, n.at, n.service, n.environment, n.outcome, n.record, n.prev, n.hash)
	b.Queue(`UPDATE gate_audit_head SET seq = $1, hash = $2`, c.seq, c.hash[:])
}

// commit writes the appended entries, the freezes that have moved and the new head, and ends the transaction, all in one round trip. After an error
// nobody knows whether it has.
func (c *chain) commit(ctx context.Context, tx pgx.Tx, moved []gate.State, at time.Time) error {
	var b pgx.Batch
	for _, s := range moved {
		queueFreeze(&b, s, at)
	}
	c.queue(&b)
	b.Queue("commit").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" {
			return pgx.ErrTxCommitRollback
		}
		return nil
	})
	return wrapped("append to audit log", tx.SendBatch(ctx, &b).Close())
}
