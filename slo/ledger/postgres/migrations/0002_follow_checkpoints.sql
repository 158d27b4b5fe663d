-- How far the store has come, and where its leader is reached.
ALTER TABLE ledger_checkpoint
	ADD COLUMN seq       bigint NOT NULL DEFAULT 0 CHECK (seq >= 0), -- number of the newest checkpoint
	ADD COLUMN leader    text   NOT NULL DEFAULT '',                 -- URL of the process of this epoch; empty if it told none
	ADD COLUMN led_since timestamptz;                                -- null before the first took over

-- What each checkpoint changed, so that a process that follows need not read everything. Kept for some minutes; who is
-- further behind does read everything. One row a checkpoint: a row an hour and objective would cost more than the blocks.
CREATE TABLE ledger_changes (
	seq              bigint      PRIMARY KEY CHECK (seq > 0),
	at               timestamptz NOT NULL, -- instant of the checkpoint
	objectives       int[]       NOT NULL, -- those whose state changed
	block_objectives int[]       NOT NULL, -- of the blocks that changed: the objective
	block_hours      int[]       NOT NULL, -- and the hour
	CHECK (cardinality(block_objectives) = cardinality(block_hours))
);
