-- Deploys in their present state. The events beside them say how they came to it.
CREATE TABLE deploys (
    ref         bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    key         text        CONSTRAINT deploys_key_unique UNIQUE,
    service     text        NOT NULL CONSTRAINT deploys_service_named CHECK (service <> ''),
    environment text        NOT NULL CONSTRAINT deploys_environment_named CHECK (environment <> ''),
    commit      text        NOT NULL CONSTRAINT deploys_commit_named CHECK (commit <> ''),
    version     text        NOT NULL,
    author      text        NOT NULL,
    class       text        NOT NULL CONSTRAINT deploys_class CHECK (class IN ('feature', 'reliability', 'security', 'rollback', 'config')),
    decision    bigint      CONSTRAINT deploys_decision_positive CHECK (decision > 0),
    source      text        NOT NULL,
    state       text        NOT NULL CONSTRAINT deploys_state CHECK (state IN ('started', 'finished', 'failed', 'rolled_back')),
    by          text        NOT NULL,
    reason      text        NOT NULL,
    committed   timestamptz,
    started     timestamptz NOT NULL,
    finished    timestamptz CONSTRAINT deploys_finished_after_start CHECK (finished >= started),
    failed      timestamptz CONSTRAINT deploys_failed_after_start CHECK (failed >= started),
    rolled_back timestamptz CONSTRAINT deploys_rolled_back_after_start CHECK (rolled_back >= started),
    CONSTRAINT deploys_state_happened CHECK (CASE state
        WHEN 'finished' THEN finished IS NOT NULL
        WHEN 'failed' THEN failed IS NOT NULL
        WHEN 'rolled_back' THEN rolled_back IS NOT NULL
        ELSE coalesce(finished, failed, rolled_back) IS NULL END)
);
CREATE INDEX deploys_of_place ON deploys (service, environment, started);
CREATE INDEX deploys_of_commit ON deploys (service, environment, commit);
CREATE INDEX deploys_by_time ON deploys (started);

-- What was told of each deploy, in the order in which it was told. The trigger keeps it from being rewritten.
CREATE TABLE deploy_events (
    seq    bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    deploy bigint      NOT NULL REFERENCES deploys (ref),
    kind   text        NOT NULL CONSTRAINT deploy_events_kind CHECK (kind IN ('start', 'finish', 'fail', 'rollback')),
    at     timestamptz NOT NULL,
    by     text        NOT NULL,
    source text        NOT NULL,
    reason text        NOT NULL
);
CREATE INDEX deploy_events_of_deploy ON deploy_events (deploy, seq);

CREATE FUNCTION deploy_events_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was told of a deploy is append-only' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER deploy_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deploy_events
    FOR EACH STATEMENT EXECUTE FUNCTION deploy_events_is_append_only();
