-- What happened to contacts, kept for 90 days, and the conditions that an account saves (docs/decisions/0030-audience.md).
create table contact_events (
    account_id bigint not null references accounts (id),
    contact_id uuid not null references contacts (id) on delete cascade,
    name       text not null,
    at         timestamptz not null,
    data       jsonb not null default '{}',
    source     uuid not null,                    -- digest of where it comes from: once for each
    primary key (account_id, source)
);
create index contact_events_contact on contact_events (contact_id, name, at);
create index contact_events_name on contact_events (account_id, name, at) include (contact_id);
create index contact_events_at on contact_events using brin (at);

create table segments (
    id         bigint generated always as identity primary key,
    account_id bigint not null references accounts (id),
    key        text not null,                    -- how files and flows name it
    name       text not null,
    condition  jsonb not null,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    unique (account_id, key)
);
