-- Messages of people that are on a timeline: where the entry is that follows their edits and their deletion.
CREATE TABLE slack_pins (
    channel  text    NOT NULL,
    ts       text    NOT NULL,
    incident bigint  NOT NULL REFERENCES incident_records (number),
    entry    integer NOT NULL CONSTRAINT slack_pins_entry_positive CHECK (entry > 0),
    PRIMARY KEY (channel, ts)
);
