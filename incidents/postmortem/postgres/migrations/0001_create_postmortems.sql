-- One row a postmortem, as the last change left it. What it says is checked by the domain; the schema holds what must hold against every writer.
CREATE TABLE postmortem_records (
    incident   bigint      PRIMARY KEY,
    version    integer     NOT NULL CONSTRAINT postmortem_records_version_positive CHECK (version > 0),
    state      text        NOT NULL CONSTRAINT postmortem_records_state_known CHECK (state IN ('draft', 'in_review', 'reviewed', 'closed')),
    services   text[]      NOT NULL,
    due_at     timestamptz,
    changed_at timestamptz NOT NULL,
    -- Everything but the action items, with the names of the API.
    record     jsonb       NOT NULL,
    -- The words by which it is found again.
    document   tsvector    NOT NULL
);

CREATE INDEX postmortem_records_services ON postmortem_records USING gin (services);
CREATE INDEX postmortem_records_document ON postmortem_records USING gin (document);

-- Action items count through all postmortems, so that a change can refer to one by its number alone.
CREATE SEQUENCE postmortem_item_numbers;

CREATE TABLE postmortem_items (
    number      bigint      PRIMARY KEY,
    incident    bigint      NOT NULL REFERENCES postmortem_records (incident),
    state       text        NOT NULL CONSTRAINT postmortem_items_state_known CHECK (state IN ('open', 'closed', 'verified')),
    owner       text        NOT NULL CONSTRAINT postmortem_items_owner_somebody CHECK (owner <> ''),
    due_at      timestamptz NOT NULL,
    evidence    integer     NOT NULL CONSTRAINT postmortem_items_evidence_counted CHECK (evidence >= 0),
    closed_by   text,
    verified_by text,
    verified_at timestamptz,
    item        jsonb       NOT NULL,
    CONSTRAINT postmortem_items_closed_with_evidence CHECK ((state <> 'open') = (evidence > 0) AND (state <> 'open') = (closed_by IS NOT NULL)),
    CONSTRAINT postmortem_items_verified_by_another
        CHECK ((state = 'verified') = (verified_by IS NOT NULL) AND (state = 'verified') = (verified_at IS NOT NULL) AND verified_by <> closed_by)
);

CREATE INDEX postmortem_items_incident ON postmortem_items (incident);
CREATE INDEX postmortem_items_open ON postmortem_items (due_at) WHERE state = 'open';
