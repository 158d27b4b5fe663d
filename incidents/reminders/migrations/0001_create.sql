-- Each occasion of which somebody was to be reminded, so that it is told once, by whichever process leads and however often.
CREATE TABLE reminders (
    key        text        PRIMARY KEY,
    incident   bigint,
    kind       text        NOT NULL CONSTRAINT reminders_kind_known CHECK (kind <> ''),
    text       text        NOT NULL CONSTRAINT reminders_text_some CHECK (text <> ''),
    due_at     timestamptz NOT NULL,
    made_at    timestamptz NOT NULL,
    -- How it ended: told, or settled before anybody had to be told. Neither while the job is under way.
    told_at    timestamptz,
    settled_at timestamptz,
    CONSTRAINT reminders_end_once CHECK (told_at IS NULL OR settled_at IS NULL)
);
CREATE INDEX reminders_of_incident ON reminders (incident, due_at) WHERE incident IS NOT NULL;
