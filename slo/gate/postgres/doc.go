// Package postgres runs the gate on PostgreSQL: it gathers the snapshot of a check, keeps the freezes and the audit log.
// It decides nothing itself; [plimsoll/slo/gate] does. What the identity in a context has no grant for is refused here, so that no wire format
// can forget to ask.
//
// Every check, freeze and thaw is one entry of a hash chain. Whoever appends holds the head of the chain until commit, so
// all entries have one order:
//
//	check:   figures, incidents ─▶ [ lock head ─▶ read freeze ─▶ Decide ─▶ append ─▶ commit ] ─▶ answer
//	keeper:  figures ────────────▶ [ lock head ─▶ read freeze ─▶ Transition ─▶ append, job ─▶ commit ]
//	freeze:  a person ───────────▶ [ lock head ─▶ read freeze ─▶ Transition ─▶ append ─▶ commit ] ─▶ answer
//
// Overrides and exemptions are written likewise, and read by a check after it holds the head. The jobs that tell people of what happened are
// inserted in the transaction in which it did.
//
// Hence a check that begins after a freeze was acknowledged reads that freeze, and an answer that was given is on disk.
// Checks that arrive while a transaction is under way share the next one, so that one flush serves many; those that arrive while the
// incidents of their service are being read share the next reading of them.
package postgres
