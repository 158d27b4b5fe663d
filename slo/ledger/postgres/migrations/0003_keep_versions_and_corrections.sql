-- The definitions under which an objective was judged, so that what is past keeps its target. The first is in force from ever.
CREATE TABLE ledger_versions (
	objective  int         NOT NULL REFERENCES ledger_objectives ON DELETE CASCADE,
	number     int         NOT NULL CHECK (number > 0),
	starts     timestamptz NOT NULL,
	definition json        NOT NULL, -- not jsonb: the text is what the hash is of
	hash       bytea       NOT NULL, -- says at a glance whether two versions are the same
	saved      bigint      NOT NULL CHECK (saved > 0), -- the checkpoint that wrote it
	PRIMARY KEY (objective, number),
	CONSTRAINT ledger_versions_hash CHECK (hash = sha256(convert_to(definition::text, 'UTF8')))
);
CREATE INDEX ledger_versions_saved ON ledger_versions (saved);

-- Samples that came too late to be counted, by the hour in which they came.
CREATE TABLE ledger_drops (
	objective int    NOT NULL REFERENCES ledger_objectives ON DELETE CASCADE,
	hour      int    NOT NULL CHECK (hour >= 0), -- since the Unix epoch
	samples   bigint NOT NULL CHECK (samples >= 0),
	PRIMARY KEY (objective, hour)
);

-- What was measured in an interval and is not to be judged. The rows are their own audit log: they are only added, and taken back once.
CREATE TABLE ledger_corrections (
	id        bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	objective text        NOT NULL, -- both empty: all
	service   text        NOT NULL,
	starts    timestamptz NOT NULL,
	ends      timestamptz NOT NULL, -- exclusive
	effect    text        NOT NULL,
	reason    text        NOT NULL,
	made_by   text        NOT NULL CHECK (made_by <> ''),
	made_at   timestamptz NOT NULL,
	undone_by text        CHECK (undone_by <> ''),
	undone_at timestamptz,
	CONSTRAINT ledger_corrections_scope CHECK (objective = '' OR service = ''),
	CONSTRAINT ledger_corrections_order CHECK (starts < ends),
	CONSTRAINT ledger_corrections_length CHECK (ends - starts <= interval '400 days'),
	CONSTRAINT ledger_corrections_minutes CHECK (extract(epoch FROM starts) % 60 = 0 AND extract(epoch FROM ends) % 60 = 0),
	CONSTRAINT ledger_corrections_effect CHECK (effect IN ('exclude', 'good')),
	CONSTRAINT ledger_corrections_reason CHECK (reason ~ '\S' AND length(reason) <= 1000),
	CONSTRAINT ledger_corrections_undone CHECK ((undone_by IS NULL) = (undone_at IS NULL))
);

CREATE FUNCTION ledger_corrections_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'UPDATE' THEN
		IF OLD.undone_at IS NULL AND NEW.undone_at IS NOT NULL AND
			(OLD.id, OLD.objective, OLD.service, OLD.starts, OLD.ends, OLD.effect, OLD.reason, OLD.made_by, OLD.made_at) =
			(NEW.id, NEW.objective, NEW.service, NEW.starts, NEW.ends, NEW.effect, NEW.reason, NEW.made_by, NEW.made_at) THEN
			RETURN NEW;
		END IF;
	END IF;
	RAISE EXCEPTION 'a correction can only be made, and taken back once' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER ledger_corrections_append_only BEFORE UPDATE OR DELETE ON ledger_corrections
	FOR EACH ROW EXECUTE FUNCTION ledger_corrections_refuse();
