-- Archives that were imported, so that none is taken in twice, whatever became of the answer.
CREATE TABLE ledger_imports (
	archive     bytea       PRIMARY KEY CHECK (length(archive) = 32), -- SHA-256 of its bytes
	at          timestamptz NOT NULL,
	objectives  int         NOT NULL CHECK (objectives >= 0),
	blocks      int         NOT NULL CHECK (blocks >= 0),
	corrections int         NOT NULL CHECK (corrections >= 0)
);
