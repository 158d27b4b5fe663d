-- Every version of every entry. An edit adds a version, so that nothing that was once said can be unsaid in silence;
-- the trigger holds that against every writer.
CREATE TABLE incident_timeline (
    incident  bigint      NOT NULL REFERENCES incident_records (number),
    number    integer     NOT NULL CONSTRAINT incident_timeline_number_positive CHECK (number > 0),
    version   integer     NOT NULL CONSTRAINT incident_timeline_version_positive CHECK (version > 0),
    kind      text        NOT NULL,
    at        timestamptz NOT NULL,
    by        text        NOT NULL CONSTRAINT incident_timeline_by_somebody CHECK (by <> ''),
    text      text        NOT NULL,
    field     text        NOT NULL,
    was       text        NOT NULL,
    became    text        NOT NULL,
    edited_by text,
    edited_at timestamptz,
    PRIMARY KEY (incident, number, version),
    CONSTRAINT incident_timeline_edits_are_signed
        CHECK ((version > 1) = (edited_by IS NOT NULL) AND (version > 1) = (edited_at IS NOT NULL))
);

CREATE FUNCTION incident_timeline_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the timeline of an incident is append-only' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER incident_timeline_append_only BEFORE UPDATE OR DELETE ON incident_timeline
    FOR EACH ROW EXECUTE FUNCTION incident_timeline_is_append_only();
