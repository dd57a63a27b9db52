-- Secrets of accounts, which steps of automations name (docs/automations/calls.md). Sealed with the key ring.
create table account_secrets (
    account_id bigint not null references accounts (id) on delete cascade,
    name       text not null,
    sealed     bytea not null,
    hosts      text[] not null default '{}',    -- which it may be sent to; empty: those that definitions name
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    primary key (account_id, name)
);

-- Requests of runs, from their step until it has taken the answer. Secrets are in them by name only.
create table automation_calls (
    run_id     uuid not null references automation_runs (id) on delete cascade,
    number     integer not null,                -- the step's, in the run; each try has its own
    account_id bigint not null,
    host       text not null,
    request    jsonb not null,
    due_at     timestamptz not null default clock_timestamp(), -- when it may be taken: later while somebody has it
    answer     jsonb,                           -- null: there is none yet
    primary key (run_id, number)
);
create index automation_calls_due on automation_calls (account_id, host, due_at) where answer is null;

alter table automation_runs
    add column tries    integer not null default 0, -- of its step that failed
    add column again_at timestamptz,                -- when the step is tried again
    add column answers  jsonb not null default '{}'; -- to calls, by step: what texts call steps
