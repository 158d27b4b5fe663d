-- One row an item, as the last change left it. What it says is checked by the domain; the schema holds what must hold against every writer.
CREATE TABLE risk_items (
    number       bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version      integer          NOT NULL CONSTRAINT risk_items_version_positive CHECK (version > 0),
    title        text             NOT NULL CONSTRAINT risk_items_title_length CHECK (char_length(title) BETWEEN 1 AND 200),
    owner        text             NOT NULL CONSTRAINT risk_items_owner_somebody CHECK (owner <> ''),
    services     text[]           NOT NULL,
    state        text             NOT NULL CONSTRAINT risk_items_state_known CHECK (state IN ('open', 'planned', 'accepted', 'done')),
    compliance   smallint         NOT NULL CONSTRAINT risk_items_compliance_range CHECK (compliance BETWEEN 1 AND 5),
    security     smallint         NOT NULL CONSTRAINT risk_items_security_range CHECK (security BETWEEN 1 AND 5),
    blast_radius smallint         NOT NULL CONSTRAINT risk_items_blast_radius_range CHECK (blast_radius BETWEEN 1 AND 5),
    probability  smallint         NOT NULL CONSTRAINT risk_items_probability_range CHECK (probability BETWEEN 1 AND 5),
    person_days  double precision NOT NULL CONSTRAINT risk_items_person_days_positive CHECK (person_days > 0 AND person_days < 'Infinity'),
    -- The rest of the content, with the names of the API: what nothing searches by.
    content      jsonb            NOT NULL,
    created_at   timestamptz      NOT NULL,
    changed_at   timestamptz      NOT NULL CONSTRAINT risk_items_changed_after_created CHECK (changed_at >= created_at)
);

-- An import finds its items again by their titles, so two may not differ in capitals alone.
CREATE UNIQUE INDEX risk_items_title ON risk_items (lower(title));
CREATE INDEX risk_items_services ON risk_items USING gin (services);
