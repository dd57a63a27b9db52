-- Suppressions that end by themselves, and the message that each followed from.
alter table suppressions
    add column until timestamptz,               -- null: for good
    add column uid   uuid;                      -- null: none, or it is not known
create function keep_for_good() returns trigger language plpgsql as 'begin return null; end';
create trigger suppressions_for_good before insert on suppressions
    for each row when (new.until is null) execute function keep_for_good();
