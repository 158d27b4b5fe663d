-- The task row is the truth about a piece of work; a queue message only says "look at this row".
-- attempt counts claims and never falls: it fences, and names the folder of an attempt's output.
-- failures counts the tries that were spent; an attempt that met a storage outage spends none.
CREATE TABLE catalog_tasks (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    video_id      uuid        NOT NULL REFERENCES catalog_videos (id),
    generation    integer     NOT NULL,
    status        text        NOT NULL DEFAULT 'queued' CONSTRAINT catalog_tasks_status_known
                              CHECK (status IN ('queued', 'running', 'done', 'failed', 'dead')),
    attempt       integer     NOT NULL DEFAULT 0,
    failures      integer     NOT NULL DEFAULT 0,
    max_failures  integer     NOT NULL CONSTRAINT catalog_tasks_max_failures_positive CHECK (max_failures > 0),
    lease_token   uuid,
    lease_until   timestamptz,
    worker        text        NOT NULL DEFAULT '',
    progress      real        NOT NULL DEFAULT 0 CONSTRAINT catalog_tasks_progress_fraction CHECK (progress BETWEEN 0 AND 1),
    error         text        NOT NULL DEFAULT '',
    log           text        NOT NULL DEFAULT '',
    trace_context jsonb       NOT NULL DEFAULT '{}',
    run_after     timestamptz NOT NULL DEFAULT now(),
    created_at    timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    finished_at   timestamptz,
    CONSTRAINT catalog_tasks_one_a_generation UNIQUE (video_id, generation),
    CONSTRAINT catalog_tasks_running_is_leased
        CHECK ((status = 'running') = (lease_token IS NOT NULL AND lease_until IS NOT NULL))
);

CREATE INDEX catalog_tasks_queued ON catalog_tasks (run_after) WHERE status = 'queued';
CREATE INDEX catalog_tasks_leases ON catalog_tasks (lease_until) WHERE status = 'running';
