-- Every version of every item: who made it, when, why, and what it changed. The trigger keeps it from being rewritten.
CREATE TABLE risk_history (
    item    bigint      NOT NULL REFERENCES risk_items (number),
    version integer     NOT NULL CONSTRAINT risk_history_version_positive CHECK (version > 0),
    at      timestamptz NOT NULL,
    by      text        NOT NULL CONSTRAINT risk_history_by_somebody CHECK (by <> ''),
    reason  text        NOT NULL,
    changes jsonb       NOT NULL,
    PRIMARY KEY (item, version)
);

CREATE FUNCTION risk_history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of a risk is append-only' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER risk_history_append_only BEFORE UPDATE OR DELETE ON risk_history
    FOR EACH ROW EXECUTE FUNCTION risk_history_is_append_only();
