-- Who is told of a notice, so that an attempt can tell the newest instead of one that it has overtaken.
ALTER TABLE alerts_notices ADD COLUMN receivers text[] NOT NULL DEFAULT '{}';
CREATE INDEX alerts_notices_name ON alerts_notices (name, seq);

-- Until when a receiver is being told about the group: two attempts at once could arrive in the wrong order. That an episode is over is known
-- by the next one having another ID.
ALTER TABLE alerts_deliveries ADD COLUMN busy_until timestamptz, DROP COLUMN over;
