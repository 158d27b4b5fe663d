-- The public keys that decisions were ever signed with, of all replicas. None is removed: what it signed stays good.
CREATE TABLE gate_keys (
    id        text        PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
    pem       text        NOT NULL,
    replica   text        NOT NULL,
    published timestamptz NOT NULL,
    retired   timestamptz,
    CONSTRAINT gate_keys_retired_after CHECK (retired >= published)
);
