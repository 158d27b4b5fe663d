-- upload_id is unique: however often an upload is completed, it makes one video.
CREATE TABLE catalog_videos (
    id           uuid        PRIMARY KEY,
    upload_id    uuid        NOT NULL CONSTRAINT catalog_videos_one_an_upload UNIQUE REFERENCES catalog_uploads (id),
    owner        text        NOT NULL,
    title        text        NOT NULL,
    description  text        NOT NULL,
    source_key   text        NOT NULL,
    source_size  bigint      NOT NULL,
    generation   integer     NOT NULL DEFAULT 1 CONSTRAINT catalog_videos_generation_positive CHECK (generation > 0),
    status       text        NOT NULL CONSTRAINT catalog_videos_status_known
                             CHECK (status IN ('processing', 'ready', 'failed')),
    reason       text        NOT NULL DEFAULT '',
    prefix       text,
    duration_ms  bigint      CONSTRAINT catalog_videos_duration_positive CHECK (duration_ms > 0),
    width        integer,
    height       integer,
    created_at   timestamptz NOT NULL,
    ready_at     timestamptz,
    CONSTRAINT catalog_videos_ready_is_published
        CHECK (status <> 'ready' OR (prefix IS NOT NULL AND duration_ms IS NOT NULL AND ready_at IS NOT NULL)),
    CONSTRAINT catalog_videos_failed_has_reason CHECK (status <> 'failed' OR reason <> '')
);
