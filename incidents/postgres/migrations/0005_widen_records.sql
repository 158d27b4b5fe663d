-- An incident may be declared before anybody can tell how bad it is (severity 0), may turn out to be a part of another,
-- may be an exercise, and may be one for its members only.
ALTER TABLE incident_records
    ADD COLUMN private     boolean NOT NULL DEFAULT false,
    ADD COLUMN drill       boolean NOT NULL DEFAULT false,
    ADD COLUMN members     text[]  NOT NULL DEFAULT '{}',
    ADD COLUMN merged_at   timestamptz,
    ADD COLUMN merged_into bigint CONSTRAINT incident_records_merged_into_known REFERENCES incident_records (number),
    DROP CONSTRAINT incident_records_severity_range,
    ADD CONSTRAINT incident_records_severity_range CHECK (severity BETWEEN 0 AND 5),
    DROP CONSTRAINT incident_records_state_known,
    ADD CONSTRAINT incident_records_state_known
        CHECK (state IN ('declared', 'acknowledged', 'mitigated', 'resolved', 'closed', 'cancelled', 'merged')),
    DROP CONSTRAINT incident_records_state_has_its_time,
    ADD CONSTRAINT incident_records_state_has_its_time CHECK (
        (state IN ('declared', 'cancelled', 'merged') OR acknowledged_at IS NOT NULL)
        AND (state NOT IN ('mitigated', 'resolved', 'closed') OR mitigated_at IS NOT NULL)
        AND (state NOT IN ('resolved', 'closed') OR resolved_at IS NOT NULL)
        AND (state = 'closed') = (closed_at IS NOT NULL)
        AND (state = 'cancelled') = (cancelled_at IS NOT NULL)
        AND (state = 'merged') = (merged_at IS NOT NULL)),
    ADD CONSTRAINT incident_records_merged_into_another CHECK (
        (state = 'merged') = (merged_into IS NOT NULL) AND merged_into <> number);

CREATE INDEX incident_records_merged_into ON incident_records (merged_into) WHERE merged_into IS NOT NULL;

-- Who declared it, and everybody who ever held a role.
UPDATE incident_records SET members = ARRAY(
    SELECT t.by FROM incident_timeline t WHERE t.incident = incident_records.number AND t.number = 1 AND t.version = 1
    UNION SELECT holder FROM incident_roles WHERE incident = incident_records.number
    ORDER BY 1);

ALTER TABLE incident_records
    ALTER COLUMN members DROP DEFAULT,
    ADD CONSTRAINT incident_records_members_somebody CHECK (cardinality(members) > 0 AND array_position(members, '') IS NULL);

-- Following merged_into from incident to incident always comes to an end.
CREATE FUNCTION incident_records_merge_in_no_circle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        WITH RECURSIVE ahead (number) AS (
            SELECT NEW.merged_into
            UNION
            SELECT r.merged_into FROM incident_records r JOIN ahead a ON r.number = a.number WHERE r.merged_into IS NOT NULL)
        SELECT FROM ahead WHERE number = NEW.number)
    THEN
        RAISE EXCEPTION 'incidents merge in a circle' USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_records_merge_in_no_circle';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER incident_records_merge_in_no_circle BEFORE INSERT OR UPDATE OF merged_into ON incident_records
    FOR EACH ROW WHEN (NEW.merged_into IS NOT NULL) EXECUTE FUNCTION incident_records_merge_in_no_circle();
