-- Increases may come in any order: what was not counted before the newest one is kept beside how far a series has come. It is
-- empty for counters, and for increases that come one after another.
ALTER TABLE ledger_cursors ADD COLUMN gaps bytea NOT NULL DEFAULT '';
