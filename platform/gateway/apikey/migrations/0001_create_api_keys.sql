-- Only a hash is kept: a copy of this table opens nothing. The secrets are random and long, so a plain SHA-256 is enough.
CREATE TABLE gateway_api_keys (
    id         text        PRIMARY KEY,
    name       text        NOT NULL CONSTRAINT gateway_api_keys_name_given CHECK (name <> ''),
    hash       bytea       NOT NULL CONSTRAINT gateway_api_keys_hash_sha256 CHECK (length(hash) = 32),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
-- A name is what a caller is known by (the owner of uploads): no two live keys may share one.
CREATE UNIQUE INDEX gateway_api_keys_live_name ON gateway_api_keys (name) WHERE revoked_at IS NULL;
