-- Every version of every postmortem with its action items: who made it, when, why, and what it changed. The trigger keeps it from being
-- rewritten.
CREATE TABLE postmortem_history (
    incident bigint      NOT NULL REFERENCES postmortem_records (incident),
    version  integer     NOT NULL CONSTRAINT postmortem_history_version_positive CHECK (version > 0),
    at       timestamptz NOT NULL,
    by       text        NOT NULL CONSTRAINT postmortem_history_by_somebody CHECK (by <> ''),
    verb     text        NOT NULL,
    reason   text        NOT NULL,
    fields   text[]      NOT NULL,
    record   jsonb       NOT NULL,
    PRIMARY KEY (incident, version)
);

CREATE FUNCTION postmortem_history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of a postmortem is append-only' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER postmortem_history_append_only BEFORE UPDATE OR DELETE ON postmortem_history
    FOR EACH ROW EXECUTE FUNCTION postmortem_history_is_append_only();

-- Requests that have run, so that one that is sent twice does its work once.
CREATE TABLE postmortem_requests (
    id     text        PRIMARY KEY,
    ran_at timestamptz NOT NULL
);
