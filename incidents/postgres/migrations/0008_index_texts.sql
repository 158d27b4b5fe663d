-- What an incident says, to search in: its title, what is affected, and every entry as it reads now.
ALTER TABLE incident_records ADD COLUMN document tsvector NOT NULL DEFAULT '';

UPDATE incident_records r SET document = to_tsvector('english', concat_ws(' ', title, array_to_string(services, ' '),
    (SELECT string_agg(text, ' ') FROM (
        SELECT DISTINCT ON (number) text FROM incident_timeline WHERE incident = r.number ORDER BY number, version DESC) latest)));

CREATE INDEX incident_records_document ON incident_records USING gin (document);
CREATE INDEX incident_records_declared ON incident_records (declared_at);
