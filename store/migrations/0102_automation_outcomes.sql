-- What came of automations: counted as it happens, watched for failures, told to who should know.

-- What each statement adds to the counters. Rows are only ever added, so that no run waits for another one; workers
-- fold them into the tables below (docs/decisions/0046-automation-counts.md).
create table automation_changes (
    automation_id uuid not null,
    version       integer not null,
    step          text not null,             -- '': the run as a whole
    day           date not null,             -- in UTC; -infinity: of how many there are now
    kind          text not null,             -- entered, refused, inside, step, ended, converted, message
    name          text not null default '',  -- of the kind: a result, a state, a reason
    arm           text not null default '',
    n             bigint not null,
    at            timestamptz not null default clock_timestamp()
) with (vacuum_truncate = off);
create index automation_changes_of on automation_changes (automation_id);

-- These refer to no automation: folding must not wait for who changes one.
create table automation_counts (
    automation_id uuid not null,
    version       integer not null,
    kind          text not null,
    step          text not null,
    name          text not null,
    arm           text not null,
    day           date not null,
    n             bigint not null,
    primary key (automation_id, version, kind, step, name, arm, day)
) with (fillfactor = 80);

-- Runs that came through a step, and that failed there, by minute: of the last quarter of an hour.
create table automation_minutes (
    automation_id uuid not null,
    step          text not null,
    minute        timestamptz not null,
    failed        bigint not null,
    passed        bigint not null,
    primary key (automation_id, step, minute)
);

-- How many runs failed at a step since its failures are counted.
create table automation_failures (
    automation_id uuid not null,
    step          text not null,
    failed        bigint not null,
    judged        bigint not null default 0, -- so many there were when somebody looked whether to pause it
    told          bigint not null default 0, -- so many there were when somebody was told
    primary key (automation_id, step)
);
create index automation_failures_new on automation_failures (automation_id) where failed > judged;

alter table automations add column paused_for jsonb;               -- why it was paused, if nobody did it by hand
alter table automations add column watched_since timestamptz;      -- failures before are none of its present ones

-- Runs that were open before this count of those inside began.
create table automation_mark (id uuid not null);
insert into automation_mark
    select case when exists (select from automations) then uid_at(clock_timestamp() + interval '5 minutes')
                else uid_at('epoch') end;

-- Versions that runs were in before they moved to another one.
create table automation_moves (
    run_id  uuid not null references automation_runs (id) on delete cascade,
    until   timestamptz not null,
    version integer not null,
    primary key (run_id, until)
);

alter table automation_sends add column opened_at timestamptz;
alter table automation_sends add column clicked_at timestamptz;

-- What somebody is told about an automation.
create table automation_notices (
    id         uuid primary key,            -- of the same there is one
    account_id bigint not null,
    automation text not null,               -- its key
    kind       text not null,
    subject    text not null,
    message    text not null,
    emails     text[] not null,             -- to whom it is mailed
    at         timestamptz not null default clock_timestamp(),
    mail_due   timestamptz                  -- when its mails are to be sent; null: they were, or there are none
);
create index automation_notices_of on automation_notices (account_id, at);
create index automation_notices_mail on automation_notices (mail_due) where mail_due is not null;
create index automation_notices_age on automation_notices using brin (at);

-- Failed runs that are tried again, some at a time.
create table automation_retries (
    id            uuid primary key,         -- UUIDv7
    automation_id uuid not null references automations (id) on delete cascade,
    account_id    bigint not null,
    wanted        jsonb not null,           -- which
    state         text not null default 'running' check (state in ('running', 'done', 'stopped')),
    last          uuid,                     -- the run looked at last: they are taken from the newest to the oldest
    total         bigint not null,          -- how many there were when it began
    retried       bigint not null default 0,
    left_out      bigint not null default 0,-- their contacts have entered again
    actor         jsonb not null,
    created_at    timestamptz not null default clock_timestamp(),
    ended_at      timestamptz
);
create index automation_retries_of on automation_retries (automation_id, id);
create index automation_retries_open on automation_retries (id) where state = 'running';

-- Triggers need their functions at once; those that count are in store/functions.
create function count_automation_steps() returns trigger language plpgsql as 'begin return null; end';
create function count_automation_entries() returns trigger language plpgsql as 'begin return null; end';
create function count_new_runs() returns trigger language plpgsql as 'begin return null; end';
create function count_changed_runs() returns trigger language plpgsql as 'begin return null; end';
create function count_automation_events() returns trigger language plpgsql as 'begin return null; end';
create function count_refused_sends() returns trigger language plpgsql as 'begin return null; end';
create trigger automation_steps_counted after insert on automation_steps
    referencing new table as new_steps for each statement execute function count_automation_steps();
create trigger automation_entries_counted after insert on automation_entries
    referencing new table as new_entries for each statement execute function count_automation_entries();
create trigger automation_runs_begun after insert on automation_runs
    referencing new table as new_runs for each statement execute function count_new_runs();
create trigger automation_runs_changed after update on automation_runs
    referencing old table as runs_were new table as runs_are for each statement execute function count_changed_runs();
create trigger contact_events_of_automations after insert on contact_events
    referencing new table as new_events for each statement execute function count_automation_events();
create trigger automation_sends_refused after update on automation_sends
    referencing old table as sends_were new table as sends_are for each statement execute function count_refused_sends();
