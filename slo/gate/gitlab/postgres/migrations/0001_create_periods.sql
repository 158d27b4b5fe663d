-- A freeze period has no name or owner in GitLab. A row says that one with these words is ours; it is there before the period is.
CREATE TABLE gate_gitlab_periods (
    project      text NOT NULL,
    freeze_start text NOT NULL,
    freeze_end   text NOT NULL,
    zone         text NOT NULL,
    PRIMARY KEY (project, freeze_start, freeze_end, zone)
);
