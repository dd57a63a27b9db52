-- Long work: what is to be done, how far it is, what came of it.
create table operations (
    id          uuid primary key,
    kind        text not null,
    account_id  bigint references accounts (id),       -- whose data it works on
    owner_id    bigint references accounts (id),       -- whose key began it, and may see it; null: staff
    state       text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
    input       jsonb,                                 -- what to do; forgotten at the end
    place       jsonb,                                 -- where the next slice begins
    done        bigint not null default 0,
    total       bigint,
    failed      bigint not null default 0,
    errors      jsonb not null default '[]',           -- the first of those that failed
    result      jsonb,
    actor       jsonb not null,                        -- who began it, with what it may do
    created_at  timestamptz not null default clock_timestamp(),
    updated_at  timestamptz not null default clock_timestamp(),
    started_at  timestamptz,
    finished_at timestamptz
);
create index operations_open on operations (updated_at) where state in ('queued', 'running');
create index operations_state on operations (state, id);
create index operations_kind on operations (kind, id);
create index operations_account on operations (account_id, id);
