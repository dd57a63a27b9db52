-- How often a message was sent again after it had failed; null: never. Entries of the journal for it have this number as
-- that of the attempt, as its credits are held anew each time.
alter table messages add column replays smallint;
