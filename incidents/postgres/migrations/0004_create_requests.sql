-- Requests that have run, with the entries they made, so that one that is delivered again is answered and not repeated.
-- It is written first and completed last in one transaction, so nobody else ever sees it incomplete.
CREATE TABLE incident_requests (
    id          text        PRIMARY KEY,
    incident    bigint      REFERENCES incident_records (number),
    first_entry integer,
    last_entry  integer,
    ran_at      timestamptz NOT NULL
);
