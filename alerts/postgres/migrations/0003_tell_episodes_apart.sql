-- A receiver may not have been told that an episode is over; the next one is another message all the same.
ALTER TABLE alerts_deliveries ADD COLUMN episode text NOT NULL DEFAULT '';
