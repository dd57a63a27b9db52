-- Campaigns: one message to many contacts of an account, sent as batches (docs/decisions/0036-campaigns.md).
create table campaigns (
    id         uuid primary key,                -- UUIDv7
    account_id bigint not null references accounts (id),
    name       text not null,
    channel    text not null,
    plan       jsonb not null,                  -- what is sent, to whom and when, as it was given
    state      text not null default 'draft',
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
);
create index campaigns_newest on campaigns (account_id, id);

-- Each time that a campaign is sent: once, or again and again.
create table campaign_runs (
    id          uuid primary key,               -- UUIDv7
    campaign_id uuid not null references campaigns (id) on delete cascade,
    account_id  bigint not null,
    workflow_id text not null,
    begun_by    text not null unique,           -- what began it: a repeat of the same begins no other
    state       text not null default 'stored',
    reason      text,                           -- why it failed
    due_at      timestamptz,                    -- null: at once
    versions    jsonb not null,                 -- variant -> version of its template
    people      integer,                        -- how many were taken; null: they have not been taken
    held_out    integer,                        -- how many of them get nothing
    credits     bigint,                         -- about what it costs
    winner      text,                           -- the variant that the rest gets
    decided_at  timestamptz,
    approved_at timestamptz,
    created_at  timestamptz not null default clock_timestamp(),
    started_at  timestamptz,
    finished_at timestamptz
);
create index campaign_runs_of on campaign_runs (campaign_id, id);
create index campaign_runs_open on campaign_runs (id) where finished_at is null;

-- Whom a run is for. No reference to contacts: who was deleted meanwhile is passed over.
create table campaign_people (
    run_id     uuid not null references campaign_runs (id) on delete cascade,
    part       smallint not null,               -- 0: gets nothing; 1, 2, ...: a variant; 99: the rest, after the decision
    contact_id uuid not null,
    primary key (run_id, part, contact_id)
);

-- The batches of a run.
create table campaign_slices (
    run_id     uuid not null references campaign_runs (id) on delete cascade,
    number     integer not null,                -- from 1: a slice that is asked for again is the same
    part       smallint not null,
    variant    text not null,
    last       uuid not null,                   -- its last contact
    size       integer not null,                -- messages
    left_out   integer not null,
    is_last    boolean not null,                -- of its part
    batch_id   uuid,                            -- null: all were left out
    primary key (run_id, number)
);
create index campaign_slices_batch on campaign_slices (batch_id) where batch_id is not null;

create table campaign_left_out (
    run_id     uuid not null references campaign_runs (id) on delete cascade,
    contact_id uuid not null,
    code       text not null,
    message    text not null,
    primary key (run_id, contact_id)
);

-- The staff approves a campaign as it approves a batch.
create table campaign_approvals (
    run_id      uuid primary key references campaign_runs (id) on delete cascade,
    approval_id bigint not null references approvals (id)
);
create index campaign_approvals_approval on campaign_approvals (approval_id);
