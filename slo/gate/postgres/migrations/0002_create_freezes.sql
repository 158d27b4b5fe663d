-- The freeze of each service in each environment. A row is written under the lock of gate_audit_head only, together with
-- the entries that say why.
CREATE TABLE gate_freezes (
    service     text        NOT NULL,
    environment text        NOT NULL,
    state       jsonb       NOT NULL,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (service, environment),
    CONSTRAINT gate_freezes_phase CHECK (state ->> 'phase' IN ('open', 'caution', 'code_red', 'thawing'))
);
