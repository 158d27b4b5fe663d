-- The ID of the first notice of the present episode, and the most urgent that one of its notices was: incidents are declared once an episode.
ALTER TABLE alerts_groups
	ADD COLUMN episode text NOT NULL DEFAULT '',
	ADD COLUMN worst   text NOT NULL DEFAULT '' CHECK (worst IN ('', 'page', 'ticket'));
