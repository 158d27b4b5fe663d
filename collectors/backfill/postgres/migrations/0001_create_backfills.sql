-- The jobs that fill the ledger from existing servers. What they have filled is in the ledger's own tables.
CREATE TABLE backfills (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state      text        NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'filling', 'meeting', 'done', 'failed', 'cancelled')),
    created_at timestamptz NOT NULL,
    created_by text        NOT NULL CHECK (created_by <> ''),
    from_at    timestamptz NOT NULL,
    source     text        NOT NULL,
    url        text        NOT NULL,
    service    text        NOT NULL,
    objectives text[]      NOT NULL,
    position   timestamptz,
    until_at   timestamptz,
    samples    bigint      NOT NULL DEFAULT 0 CHECK (samples >= 0),
    filled     text[]      NOT NULL DEFAULT '{}',
    problem    text        NOT NULL DEFAULT '',
    ended_at   timestamptz,
    CONSTRAINT backfills_one_server CHECK ((source = '') <> (url = '')),
    CONSTRAINT backfills_ended CHECK ((ended_at IS NOT NULL) = (state IN ('done', 'failed', 'cancelled')))
);

-- The one to be done next is looked for every few seconds.
CREATE INDEX backfills_unfinished ON backfills (id) WHERE ended_at IS NULL;
