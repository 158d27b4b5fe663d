-- What somebody has to do about an incident. A task that merging moved stays here, and is one of the other incident too.
CREATE TABLE incident_tasks (
    incident bigint      NOT NULL REFERENCES incident_records (number),
    number   integer     NOT NULL CONSTRAINT incident_tasks_number_positive CHECK (number > 0),
    kind     text        NOT NULL CONSTRAINT incident_tasks_kind_known CHECK (kind IN ('task', 'followup')),
    text     text        NOT NULL CONSTRAINT incident_tasks_text_length CHECK (char_length(text) BETWEEN 1 AND 10000),
    owner    text        NOT NULL,
    due_at   timestamptz,
    done_at  timestamptz,
    by       text        NOT NULL CONSTRAINT incident_tasks_by_somebody CHECK (by <> ''),
    moved    bigint      REFERENCES incident_records (number),
    PRIMARY KEY (incident, number),
    CONSTRAINT incident_tasks_moved_or_done CHECK (done_at IS NULL OR moved IS NULL),
    CONSTRAINT incident_tasks_moved_elsewhere CHECK (moved <> incident)
);
CREATE INDEX incident_tasks_open ON incident_tasks (owner, due_at) WHERE done_at IS NULL AND moved IS NULL;

-- Which incidents have to do with each other. Most links are here twice, once for each side.
CREATE TABLE incident_links (
    incident bigint NOT NULL REFERENCES incident_records (number),
    linked   bigint NOT NULL REFERENCES incident_records (number),
    PRIMARY KEY (incident, linked),
    CONSTRAINT incident_links_another CHECK (incident <> linked)
);
