-- The audit log of the gate: decisions and what happened to freezes, in the order in which they took effect.
-- hash = sha256(prev || record); prev is the hash of the entry before. The columns repeat what the record says, to be
-- searched; the verification compares them.
CREATE TABLE gate_audit (
    seq         bigint      PRIMARY KEY CHECK (seq > 0),
    kind        text        NOT NULL CHECK (kind IN ('decision', 'freeze')),
    at          timestamptz NOT NULL,
    service     text        NOT NULL,
    environment text        NOT NULL,
    outcome     text        CHECK (outcome IN ('allow', 'deny', 'hold')),
    record      text        NOT NULL,
    prev        bytea       NOT NULL CHECK (length(prev) = 32),
    hash        bytea       NOT NULL,
    CONSTRAINT gate_audit_outcome_of_decision CHECK ((kind = 'decision') = (outcome IS NOT NULL)),
    CONSTRAINT gate_audit_hash CHECK (hash = sha256(prev || convert_to(record, 'UTF8')))
);

CREATE INDEX gate_audit_by_time ON gate_audit (kind, at);
CREATE INDEX gate_audit_by_service ON gate_audit (service, environment, kind, seq);

-- The last entry. Its lock gives the entries their order, and its hash betrays that the end was cut off.
CREATE TABLE gate_audit_head (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq  bigint  NOT NULL,
    hash bytea   NOT NULL CHECK (length(hash) = 32)
);
INSERT INTO gate_audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION gate_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log of the gate is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER gate_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gate_audit
    FOR EACH STATEMENT EXECUTE FUNCTION gate_audit_refuse();
