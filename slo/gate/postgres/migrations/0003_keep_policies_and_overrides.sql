-- The audit log also tells which policies decided, word by word, and what became of overrides.
ALTER TABLE gate_audit DROP CONSTRAINT gate_audit_kind_check;
ALTER TABLE gate_audit ADD CONSTRAINT gate_audit_kind_check CHECK (kind IN ('decision', 'freeze', 'policy', 'override'));

-- Overrides in their present state. A row is written under the lock of gate_audit_head only, together with the entries that say why.
CREATE TABLE gate_overrides (
    id          bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    service     text        NOT NULL,
    environment text        NOT NULL,
    commit      text        NOT NULL,
    requested   timestamptz NOT NULL,
    until       timestamptz NOT NULL,
    override    jsonb       NOT NULL,
    CONSTRAINT gate_overrides_two_people CHECK (override ->> 'approvedBy' IS NULL OR override ->> 'approvedBy' <> override ->> 'by')
);
CREATE INDEX gate_overrides_of_commit ON gate_overrides (service, environment, commit);
CREATE INDEX gate_overrides_of_service ON gate_overrides (service, requested);
