-- What is not inactive. One row for a tier of an objective.
CREATE TABLE alerts_states (
	objective text        NOT NULL CHECK (objective <> ''),
	tier      text        NOT NULL CHECK (tier <> ''),
	severity  text        NOT NULL CHECK (severity IN ('page', 'ticket')),
	state     text        NOT NULL CHECK (state IN ('pending', 'firing', 'resolved')),
	since     timestamptz NOT NULL,
	fired     timestamptz, -- null if it never did
	quiet     timestamptz, -- null while the verdicts are not quiet
	PRIMARY KEY (objective, tier),
	CHECK (state = 'pending' OR fired IS NOT NULL)
);

-- What has been told of a group since all of it was over.
CREATE TABLE alerts_groups (
	name    text        PRIMARY KEY CHECK (name <> ''),
	told_at timestamptz NOT NULL,
	firing  jsonb       NOT NULL, -- of alert names, sorted
	urgent  text        NOT NULL CHECK (urgent IN ('page', 'ticket'))
);

CREATE TABLE alerts_notices (
	seq   bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	id    uuid        NOT NULL UNIQUE DEFAULT gen_random_uuid(),
	name  text        NOT NULL, -- of the group
	at    timestamptz NOT NULL,
	body  jsonb       NOT NULL  -- as it is sent
);
CREATE INDEX alerts_notices_at ON alerts_notices (at);

-- How far each receiver has been told of each group.
CREATE TABLE alerts_deliveries (
	name      text   NOT NULL,
	receiver  text   NOT NULL,
	seq       bigint NOT NULL, -- of the newest notice that was delivered
	reference text   NOT NULL, -- what the receiver knows it by; may be empty
	over      boolean NOT NULL, -- it ended the episode
	PRIMARY KEY (name, receiver)
);
