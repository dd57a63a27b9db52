-- Changes that a second person must approve: which kinds, and those that wait for it.
create table approval_policies (
    kind       text primary key,
    above      bigint not null default 0,
    created_at timestamptz not null default clock_timestamp()
);

create table approvals (
    id           bigint generated always as identity primary key,
    kind         text not null,
    amount       bigint not null,
    action       text not null,
    requested_by jsonb not null,
    targets      jsonb not null,
    request      bytea,
    batch_id     uuid unique,
    state        text not null default 'pending' check (state in ('pending', 'approved', 'denied', 'expired')),
    reason       text not null default '',
    decided_by   jsonb,
    decided_at   timestamptz,
    applied_at   timestamptz,
    created_at   timestamptz not null default clock_timestamp(),
    expires_at   timestamptz not null default clock_timestamp() + interval '24 hours'
);
create index approvals_state on approvals (state, id);
create index approvals_pending on approvals (expires_at) where state = 'pending';
create index approvals_decided_batches on approvals (id)
    where batch_id is not null and applied_at is null and state <> 'pending';
