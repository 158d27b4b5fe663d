-- The audit log also tells which exemptions were recorded and ended.
ALTER TABLE gate_audit DROP CONSTRAINT gate_audit_kind_check;
ALTER TABLE gate_audit ADD CONSTRAINT gate_audit_kind_check CHECK (kind IN ('decision', 'freeze', 'policy', 'override', 'exemption'));

-- Exemptions in their present state. A row is written under the lock of gate_audit_head only, together with the entries that say why.
-- ends is when it no longer counts: its end, or when a person ended it.
CREATE TABLE gate_exemptions (
    id          bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    service     text        NOT NULL,
    environment text        NOT NULL,
    ends        timestamptz NOT NULL,
    exemption   jsonb       NOT NULL
);
CREATE INDEX gate_exemptions_of_service ON gate_exemptions (service, environment, ends);
