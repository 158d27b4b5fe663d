-- An episode goes on for a while after all was told to be over, with nothing in firing: since when nothing fires, and how often it came back.
ALTER TABLE alerts_groups
	ADD COLUMN quiet   timestamptz, -- null while something fires
	ADD COLUMN returns integer NOT NULL DEFAULT 0 CHECK (returns >= 0);
