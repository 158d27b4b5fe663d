package postgres_test

import (
	"strings"
	"testing"

	"plimsoll/slo/gate"
)

func TestAuditLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Allow, gate.WithinBudget)
	for _, sql := range []string{
		`UPDATE gate_audit SET outcome = 'allow'`, `DELETE FROM gate_audit`, `TRUNCATE gate_audit`,
	} {
		if _, err := f.pool.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if v := f.verify(t); v.Broken != nil {
		t.Errorf("%+v", v.Broken)
	}
}

// TestVerifyFindsTampering breaks the log in the ways of somebody who owns the database.
func TestVerifyFindsTampering(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, sql string
		seq       int64
		says      string
	}{
		{"record changed", `UPDATE gate_audit SET record = replace(record, 'c0ffee', 'decade') WHERE seq = 3`, 3, "the record was changed"},
		{"record changed and hashed again", `UPDATE gate_audit SET record = replace(record, 'c0ffee', 'decade'),
			hash = sha256(prev || convert_to(replace(record, 'c0ffee', 'decade'), 'UTF8')) WHERE seq = 3`, 4, "does not follow"},
		{"last changed and hashed again", `UPDATE gate_audit SET record = replace(record, 'c0ffee', 'decade'),
			hash = sha256(prev || convert_to(replace(record, 'c0ffee', 'decade'), 'UTF8')) WHERE seq = 5`, 5, "not the one that was written"},
		{"outcome changed", `UPDATE gate_audit SET outcome = 'deny' WHERE seq = 2`, 2, "a column says another thing"},
		{"time changed", `UPDATE gate_audit SET at = at - interval '1 second' WHERE seq = 2`, 2, "a column says another thing"},
		{"removed", `DELETE FROM gate_audit WHERE seq = 3`, 3, "the entry is missing; the next is 4"},
		{"first removed", `DELETE FROM gate_audit WHERE seq = 1`, 1, "the entry is missing; the next is 2"},
		{"end cut off", `DELETE FROM gate_audit WHERE seq >= 4`, 4, "missing at the end; 5 were written"},
		{"all removed", `DELETE FROM gate_audit`, 1, "missing at the end; 5 were written"},
		{"added at the end", `INSERT INTO gate_audit SELECT 6, kind, at, service, environment, outcome,
			replace(record, '"seq":5', '"seq":6'), hash, sha256(hash || convert_to(replace(record, '"seq":5', '"seq":6'), 'UTF8')) FROM gate_audit WHERE seq = 5`,
			6, "added at the end; 5 were written"},
		{"inserted", `UPDATE gate_audit SET seq = seq + 10 WHERE seq >= 3; UPDATE gate_audit SET seq = seq - 9 WHERE seq > 10;
			INSERT INTO gate_audit SELECT 3, kind, at, service, environment, outcome, replace(record, '"seq":2', '"seq":3'), hash,
			sha256(hash || convert_to(replace(record, '"seq":2', '"seq":3'), 'UTF8')) FROM gate_audit WHERE seq = 2`, 4, "does not follow"},
		{"reordered", `UPDATE gate_audit SET seq = 12 WHERE seq = 2; UPDATE gate_audit SET seq = 2 WHERE seq = 3; UPDATE gate_audit SET seq = 3 WHERE seq = 12`,
			2, "does not follow"},
		{"replaced by nonsense", `UPDATE gate_audit SET record = 'x', hash = sha256(prev || convert_to('x', 'UTF8')) WHERE seq = 5`, 5, "not one of the gate"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, nil)
			for range 4 { // after the policy, which is the first entry
				f.expect(t, change(gate.Feature, "c0ffee"), gate.Allow, gate.WithinBudget)
			}
			if _, err := f.pool.Exec(t.Context(), `ALTER TABLE gate_audit DISABLE TRIGGER gate_audit_append_only;
				ALTER TABLE gate_audit DROP CONSTRAINT gate_audit_hash; `+tc.sql); err != nil {
				t.Fatal(err)
			}
			v := f.verify(t)
			if v.Broken == nil || v.Broken.Seq != tc.seq || !strings.Contains(v.Broken.Problem, tc.says) {
				t.Errorf("%+v, want %d %q", v.Broken, tc.seq, tc.says)
			}
		})
	}
}
