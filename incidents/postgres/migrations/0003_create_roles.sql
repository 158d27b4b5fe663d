-- Who held which role from when until when. A role has one holder at a time.
CREATE TABLE incident_roles (
    incident bigint      NOT NULL REFERENCES incident_records (number),
    role     text        NOT NULL CONSTRAINT incident_roles_role_known
                         CHECK (role IN ('commander', 'operations', 'communications', 'scribe')),
    holder   text        NOT NULL CONSTRAINT incident_roles_holder_somebody CHECK (holder <> ''),
    since    timestamptz NOT NULL,
    until    timestamptz CONSTRAINT incident_roles_until_after_since CHECK (until >= since)
);

CREATE UNIQUE INDEX incident_roles_one_holder ON incident_roles (incident, role) WHERE until IS NULL;
