-- One row an incident: its state as the last command left it. The timeline below says how it came to that.
CREATE SEQUENCE incident_numbers;

CREATE TABLE incident_records (
    number          bigint      PRIMARY KEY,
    title           text        NOT NULL CONSTRAINT incident_records_title_length CHECK (char_length(title) BETWEEN 1 AND 200),
    severity        smallint    NOT NULL CONSTRAINT incident_records_severity_range CHECK (severity BETWEEN 1 AND 5),
    state           text        NOT NULL CONSTRAINT incident_records_state_known
                                CHECK (state IN ('declared', 'acknowledged', 'mitigated', 'resolved', 'closed', 'cancelled')),
    services        text[]      NOT NULL,
    objectives      text[]      NOT NULL,
    source          text        NOT NULL,
    dedup_key       text        CONSTRAINT incident_records_dedup_key UNIQUE,
    started_at      timestamptz,
    detected_at     timestamptz NOT NULL,
    declared_at     timestamptz NOT NULL,
    acknowledged_at timestamptz,
    mitigated_at    timestamptz,
    resolved_at     timestamptz,
    closed_at       timestamptz,
    cancelled_at    timestamptz,
    last_update     timestamptz,
    promised_update timestamptz,
    reopened        integer     NOT NULL CONSTRAINT incident_records_reopened_positive CHECK (reopened >= 0),
    entries         integer     NOT NULL CONSTRAINT incident_records_entries_positive CHECK (entries > 0),
    changed_at      timestamptz NOT NULL,
    -- A comparison with an unknown time is unknown, which a check lets pass.
    CONSTRAINT incident_records_times_in_order CHECK (
        started_at <= detected_at AND detected_at <= declared_at AND detected_at <= acknowledged_at
        AND declared_at <= mitigated_at AND acknowledged_at <= mitigated_at AND mitigated_at <= resolved_at
        AND resolved_at <= closed_at),
    CONSTRAINT incident_records_state_has_its_time CHECK (
        (state = 'declared' OR state = 'cancelled' OR acknowledged_at IS NOT NULL)
        AND (state NOT IN ('mitigated', 'resolved', 'closed') OR mitigated_at IS NOT NULL)
        AND (state NOT IN ('resolved', 'closed') OR resolved_at IS NOT NULL)
        AND (state = 'closed') = (closed_at IS NOT NULL)
        AND (state = 'cancelled') = (cancelled_at IS NOT NULL))
);

CREATE INDEX incident_records_services ON incident_records USING gin (services);
CREATE INDEX incident_records_open ON incident_records (number) WHERE state IN ('declared', 'acknowledged', 'mitigated');
