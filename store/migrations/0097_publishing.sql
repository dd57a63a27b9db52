-- What a version does with contacts inside older ones (docs/decisions/0043-people-inside.md).
alter table automation_versions
    add column people text default 'pin' not null,    -- pin: they stay; migrate: they move to it; drain: they stay, whatever comes later
    add column map jsonb default '{}' not null,       -- of migrate: by step that was removed, where those at it go
    add constraint automation_versions_people check (people in ('pin', 'migrate', 'drain')) not valid;
alter table automations
    add column moves_to integer;                      -- the newest version that contacts inside older ones move to

-- Automations whose runs are to be looked at, as something was published: in parts, by a sweep.
create table automation_looks (
    automation_id uuid primary key references automations (id) on delete cascade,
    steps         text[],                       -- only runs at these; null: all
    asked_at      timestamptz not null default clock_timestamp()
);
