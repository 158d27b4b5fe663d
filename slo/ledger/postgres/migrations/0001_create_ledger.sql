-- Who may write, and how old the data is. One row.
CREATE TABLE ledger_checkpoint (
	singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
	epoch     bigint  NOT NULL CHECK (epoch >= 0), -- grows with each process that takes over
	at        timestamptz                          -- instant of the newest checkpoint; null before the first
);
INSERT INTO ledger_checkpoint (epoch) VALUES (0);

CREATE TABLE ledger_objectives (
	id          int    PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	key         text   NOT NULL UNIQUE CHECK (key <> ''),
	revision    bigint NOT NULL CHECK (revision >= 0),
	last_sample bigint NOT NULL -- Unix milliseconds; 0 if there was none
) WITH (fillfactor = 50);

-- One row an hour: small enough that saving the present hour every few seconds stays cheap.
-- The room left on each page keeps those updates on it, without touching the index.
CREATE TABLE ledger_blocks (
	objective int    NOT NULL REFERENCES ledger_objectives ON DELETE CASCADE,
	hour      int    NOT NULL CHECK (hour >= 0), -- since the Unix epoch
	revision  bigint NOT NULL CHECK (revision >= 0), -- of the objective, when the block was saved
	data      bytea  NOT NULL,
	PRIMARY KEY (objective, hour)
) WITH (fillfactor = 80);
-- Under a kilobyte and packed already: not worth compressing or moving out.
ALTER TABLE ledger_blocks ALTER COLUMN data SET STORAGE PLAIN;

CREATE TABLE ledger_cursors (
	id     int    PRIMARY KEY CHECK (id > 0),
	series bytea  NOT NULL CHECK (series <> ''), -- labels may hold bytes that text refuses
	t      bigint NOT NULL, -- Unix milliseconds
	start  bigint NOT NULL,
	value  float8 NOT NULL
) WITH (fillfactor = 50);
-- A series with two cursors would be counted twice. Its name may be longer than an index entry can be.
CREATE UNIQUE INDEX ledger_cursors_series ON ledger_cursors (sha256(series));
