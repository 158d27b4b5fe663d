package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/gate"
)

// policyText is a policy as the audit log keeps it: word by word, so that what it decided can be decided again.
type policyText struct {
	Service string `json:"service"`
	Version string `json:"version"`
	File    string `json:"file"`
	Source  string `json:"source"`
}

// recordPolicy appends a policy to the audit log before the first decision under it. Which are there is remembered, and read once.
func (g *Gate) recordPolicy(ctx context.Context, tx pgx.Tx, chain *chain, at time.Time, p *gate.Policy) error {
	if p == nil || g.recorded[p.Version] || slices.Contains(chain.policies, p.Version) {
		return nil
	}
	var there bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM gate_audit WHERE kind = $1 AND record::jsonb -> 'policy' ->> 'version' = $2)`,
		kindPolicy, p.Version).Scan(&there); err != nil {
		return fmt.Errorf("look for policy in audit log: %w", err)
	}
	if !there {
		if err := chain.policy(at, p); err != nil {
			return err
		}
	}
	chain.policies = append(chain.policies, p.Version)
	return nil
}

// Replay decides again what was decided, from what the audit log holds alone, and returns where the answers differ. The newest decision
// that the filter picks comes first. A policy that was allowed once and is not any more is a problem of the decisions under it, and of no other.
func (g *Gate) Replay(ctx context.Context, f gate.Filter) ([]gate.Replayed, error) {
	policies := map[string]*gate.Policy{}
	unreadable := map[string]error{}
	err := g.entries(ctx, kindPolicy, gate.Filter{}, func(e entry) {
		p, err := gate.ParsePolicy(e.Policy.File, []byte(e.Policy.Source))
		policies[e.Policy.Version], unreadable[e.Policy.Version] = p, err
	})
	if err != nil {
		return nil, fmt.Errorf("replay decisions: %w", err)
	}
	var replayed []gate.Replayed
	err = g.entries(ctx, kindDecision, f, func(e entry) {
		r := gate.Replayed{Seq: e.Seq, At: e.At, Outcome: e.Decision.Outcome}
		version := e.Decision.Policy.Version
		p := policies[version]
		if err := unreadable[version]; err != nil {
			r.Problem = err.Error()
		} else if version != "" && p == nil {
			r.Problem = fmt.Sprintf("version %s of the policy is not in the audit log", version)
		} else if differ, err := gate.Replay(p, *e.Decision); err != nil {
			r.Problem = err.Error()
		} else {
			r.Differences = differ
		}
		replayed = append(replayed, r)
	})
	if err != nil {
		return nil, fmt.Errorf("replay decisions: %w", err)
	}
	return replayed, nil
}
