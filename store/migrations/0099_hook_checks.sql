-- How posts to hooks are checked and read (docs/automations/hooks.md). Where nothing is set, they are as before: only the
-- secret of the address is asked for.
alter table automation_hooks
    add column preset          text,              -- what it was made for
    add column auth            jsonb,             -- how posts are signed; null: not
    add column secrets         bytea,             -- sealed: what they are signed with, and until when
    add column allowed_ips     cidr[],            -- where posts come from; null: from anywhere
    add column map             jsonb,             -- where values stand in a body; null: usual names
    add column delivery        text[],            -- where the id of a delivery stands; null: in the usual headers
    add column topic           text,              -- where it stands what happened
    add column unusable        text not null default 'refuse',
    add column testing         boolean not null default false,
    add column failures        bigint not null default 0,
    add column last_failure_at timestamptz,
    add column last_failure    text,
    add constraint automation_hooks_unusable check (unusable in ('refuse', 'ignore')) not valid;

-- Ids that a hook had before, and that work a while longer.
create table automation_hook_former_ids (
    digest bytea primary key,
    hook_id uuid not null references automation_hooks on delete cascade,
    until   timestamptz not null
);
create index automation_hook_former_ids_of on automation_hook_former_ids (hook_id);

-- Posts that were kept to make a map from.
create table automation_hook_samples (
    id         uuid primary key,                  -- UUIDv7
    hook_id    uuid not null references automation_hooks on delete cascade,
    account_id bigint not null,
    headers    jsonb not null,                    -- without those that may hold secrets
    body       json not null,                     -- a form as an object
    at         timestamptz not null default clock_timestamp()
);
create index automation_hook_samples_of on automation_hook_samples (hook_id, id);
create index automation_hook_samples_account on automation_hook_samples (account_id, id);

-- Deliveries that were taken: the same one again is answered alike, and does nothing.
create table automation_deliveries (
    hook_id    uuid not null,                     -- no reference: rows are deleted by their age
    digest     bytea not null,                    -- of its id
    body       bytea,                             -- digest, where the sender chose the id for this body
    triggered  integer not null default 0,
    enrolled   integer not null default 0,
    at         timestamptz not null default clock_timestamp(),
    primary key (hook_id, digest)
);
create index automation_deliveries_at on automation_deliveries using brin (at);
