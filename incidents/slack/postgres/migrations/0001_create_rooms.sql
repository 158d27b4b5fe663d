-- One row an incident that has a channel in Slack, or is to get one: what Slack was told so far. A job holds the lease
-- while it tells Slack more, so that two never tell the same; a job that dies loses it by the time that it names.
CREATE TABLE slack_rooms (
    incident    bigint      PRIMARY KEY REFERENCES incident_records (number),
    channel     text        CONSTRAINT slack_rooms_channel UNIQUE CONSTRAINT slack_rooms_channel_named CHECK (channel <> ''),
    record      jsonb       NOT NULL,
    lease       text,
    lease_until timestamptz,
    CONSTRAINT slack_rooms_lease_whole CHECK ((lease IS NULL) = (lease_until IS NULL))
);
