-- Automations: what contacts go through, step by step (docs/decisions/0040-automations.md).
create table automations (
    id         uuid primary key,                -- UUIDv7
    account_id bigint not null references accounts (id),
    key        text not null,                   -- its identity, also from one install to another
    name       text not null,
    state      text not null default 'draft' check (state in ('draft', 'active', 'paused', 'archived')),
    draft      json,                            -- as it was written: saved, and not published; null: nothing was changed since
    version    integer,                         -- the newest; null: it was never published
    revision   integer not null default 0,      -- the newest of that version
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    unique (account_id, key)
);

-- A revision is a patch of a version: whoever is in the version goes on with its newest revision.
create table automation_versions (
    automation_id uuid not null references automations (id) on delete cascade,
    version       integer not null,
    revision      integer not null,
    definition    json not null,
    note          text not null default '',
    author        jsonb not null,
    published_at  timestamptz not null default clock_timestamp(),
    primary key (automation_id, version, revision)
);

-- What begins runs of the newest version: only of automations that are active.
create table automation_triggers (
    automation_id uuid not null references automations (id) on delete cascade,
    place         smallint not null,            -- among the definition's triggers
    account_id    bigint not null,
    kind          text not null,                -- webhook, event
    name          text not null,                -- the hook's key, the event's name
    primary key (automation_id, place)
);
create index automation_triggers_named on automation_triggers (account_id, kind, name);

-- Addresses that other systems post to. Of the secret in an address only a digest is kept.
create table automation_hooks (
    id          uuid primary key,               -- UUIDv7
    account_id  bigint not null references accounts (id),
    key         text not null,
    name        text not null,
    digest      bytea not null unique,
    created_at  timestamptz not null default clock_timestamp(),
    unique (account_id, key)
);

-- Contacts on their way through an automation.
create table automation_runs (
    id            uuid primary key,             -- UUIDv7
    automation_id uuid not null references automations (id) on delete cascade,
    account_id    bigint not null,
    contact_id    uuid not null,                -- no reference: the run of a contact that was deleted ends by itself
    version       integer not null,
    entry_key     text not null,
    trigger       text not null,
    event         jsonb not null,               -- as it was when the run began
    vars          jsonb not null,
    hops          integer not null default 0,   -- automations that started each other to come here
    state         text not null default 'running',
    step          text,                         -- where it is; null: it has not begun
    taken         integer not null default 0,   -- steps so far
    since         timestamptz,                  -- when it came to the step that it waits in
    until         timestamptz,                  -- when it goes on at the latest
    awaits        text[] not null default '{}', -- names of events that matter to it now
    reason        text,                         -- why it ended
    to_end        text,                         -- why it is to end, as soon as it is looked at
    error         jsonb,
    converted_at  timestamptz,                  -- when it reached the goal
    entered_at    timestamptz not null default clock_timestamp(),
    ended_at      timestamptz
);
create index automation_runs_of on automation_runs (automation_id, id);
create index automation_runs_contact on automation_runs (automation_id, contact_id, entered_at);
create unique index automation_runs_open on automation_runs (automation_id, contact_id, entry_key) where ended_at is null;
create index automation_runs_inside on automation_runs (account_id, contact_id) where ended_at is null;
create index automation_runs_due on automation_runs (until) where ended_at is null and until is not null;
create index automation_runs_ended on automation_runs using brin (ended_at);
create index automation_runs_unstarted on automation_runs (entered_at) where step is null and ended_at is null;

create table automation_steps (
    run_id  uuid not null references automation_runs (id) on delete cascade,
    number  integer not null,                   -- from 1
    step    text not null,
    at      timestamptz not null,
    outcome jsonb not null,
    primary key (run_id, number)
);

-- Who was let in, and who was not, with why.
create table automation_entries (
    id            uuid primary key,             -- UUIDv7
    automation_id uuid not null references automations (id) on delete cascade,
    account_id    bigint not null,
    contact_id    uuid,                         -- null: there is none
    trigger       text not null,
    entry_key     text not null,
    outcome       text not null,                -- admitted, or why not
    run_id        uuid,
    at            timestamptz not null default clock_timestamp()
);
create index automation_entries_of on automation_entries (automation_id, id);
create index automation_entries_at on automation_entries using brin (at);

-- Messages of runs that no batch was made for yet: those of the same step share one.
create table automation_outbox (
    id         uuid primary key,                -- UUIDv7
    run_id     uuid not null,
    number     integer not null,                -- the step's, in the run
    account_id bigint not null,
    letter     jsonb not null,                  -- what is the same for all that share a batch
    contact    jsonb not null,                  -- as in a request to send
    created_at timestamptz not null default clock_timestamp()
);

-- The messages of runs.
create table automation_sends (
    run_id uuid not null references automation_runs (id) on delete cascade,
    number integer not null,
    step   text not null,
    at     timestamptz not null,
    uid    uuid,                                -- null: not made yet, or none could be made
    code   text,                                -- why none could be made
    reason text,
    primary key (run_id, number)
);
create index automation_sends_uid on automation_sends (uid) where uid is not null;

-- Batches of the outbox that are stored, and whose workflow may not have started.
create table automation_batches (
    batch_id   uuid primary key,
    created_at timestamptz not null default clock_timestamp()
);

-- What may begin runs or wake them, until somebody has looked: events, and what steps of other runs ask for.
create table automation_events (
    account_id bigint not null,
    source     uuid not null,
    contact_id uuid not null,
    name       text not null,
    at         timestamptz not null,
    data       jsonb not null,
    noted_at   timestamptz not null default clock_timestamp(),
    tries      smallint not null default 0,     -- that failed by a fault of ours: it stays here, and holds nobody up
    primary key (account_id, source)
);
create index automation_events_next on automation_events (noted_at);

-- Which events matter to automations of an account: to all versions that may have contacts inside.
create table automation_event_names (
    account_id bigint not null,
    name       text not null,
    primary key (account_id, name)
);

create function note_automation_events() returns trigger language plpgsql as 'begin return null; end';
create trigger contact_events_automations after insert on contact_events
    referencing new table as new_events for each statement execute function note_automation_events();
