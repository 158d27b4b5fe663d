-- Messages to stakeholders. Nobody decides about what they wrote themselves, and only what was approved is sent.
CREATE TABLE incident_messages (
    incident   bigint      NOT NULL REFERENCES incident_records (number),
    number     integer     NOT NULL CONSTRAINT incident_messages_number_positive CHECK (number > 0),
    audience   text        NOT NULL CONSTRAINT incident_messages_audience_known CHECK (audience IN ('executives', 'support', 'customers')),
    text       text        NOT NULL CONSTRAINT incident_messages_text_length CHECK (char_length(text) BETWEEN 1 AND 10000),
    state      text        NOT NULL CONSTRAINT incident_messages_state_known CHECK (state IN ('draft', 'approved', 'rejected', 'sent')),
    by         text        NOT NULL CONSTRAINT incident_messages_by_somebody CHECK (by <> ''),
    at         timestamptz NOT NULL,
    decided_by text        CONSTRAINT incident_messages_decided_by_another CHECK (decided_by <> by AND decided_by <> ''),
    decided_at timestamptz CONSTRAINT incident_messages_decided_after CHECK (decided_at >= at),
    PRIMARY KEY (incident, number),
    CONSTRAINT incident_messages_decided CHECK (
        (state <> 'draft') = (decided_by IS NOT NULL) AND (state <> 'draft') = (decided_at IS NOT NULL))
);

-- Every attempt to deliver a message, for good.
CREATE TABLE incident_deliveries (
    incident bigint      NOT NULL,
    message  integer     NOT NULL,
    number   integer     NOT NULL CONSTRAINT incident_deliveries_number_positive CHECK (number > 0),
    to_whom  text        NOT NULL CONSTRAINT incident_deliveries_to_somebody CHECK (to_whom <> ''),
    at       timestamptz NOT NULL,
    error    text        NOT NULL,
    PRIMARY KEY (incident, message, number),
    FOREIGN KEY (incident, message) REFERENCES incident_messages (incident, number)
);

CREATE FUNCTION incident_deliveries_are_of_approved_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'deliveries of messages are append-only' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM incident_messages WHERE incident = NEW.incident AND number = NEW.message AND state IN ('approved', 'sent')) THEN
        RAISE EXCEPTION 'only an approved message is delivered' USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_deliveries_approved';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER incident_deliveries_approved BEFORE INSERT OR UPDATE OR DELETE ON incident_deliveries
    FOR EACH ROW EXECUTE FUNCTION incident_deliveries_are_of_approved_messages();
