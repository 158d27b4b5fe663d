-- An upload is a promise of bytes: what the client said it would send, and where in object storage it sends it.
-- The token is kept as a hash, so that a copy of this table opens no upload.
CREATE TABLE catalog_uploads (
    id                 uuid        PRIMARY KEY,
    owner              text        NOT NULL,
    token_hash         bytea       NOT NULL,
    title              text        NOT NULL,
    description        text        NOT NULL,
    name               text        NOT NULL,
    size               bigint      NOT NULL CONSTRAINT catalog_uploads_size_positive CHECK (size > 0),
    content_type       text        NOT NULL,
    checksum_algorithm text        NOT NULL CONSTRAINT catalog_uploads_checksum_known
                                   CHECK (checksum_algorithm IN ('crc64nvme', 'crc32c', 'sha256')),
    checksum_value     text        NOT NULL,
    object_key         text        NOT NULL CONSTRAINT catalog_uploads_object_key UNIQUE,
    multipart_id       text        NOT NULL,
    part_size          bigint      NOT NULL CONSTRAINT catalog_uploads_part_size_positive CHECK (part_size > 0),
    status             text        NOT NULL CONSTRAINT catalog_uploads_status_known
                                   CHECK (status IN ('uploading', 'uploaded', 'aborted', 'expired')),
    created_at         timestamptz NOT NULL,
    expires_at         timestamptz NOT NULL,
    finished_at        timestamptz,
    CONSTRAINT catalog_uploads_finished CHECK ((status = 'uploading') = (finished_at IS NULL))
);

CREATE INDEX catalog_uploads_open ON catalog_uploads (expires_at) WHERE status = 'uploading';
