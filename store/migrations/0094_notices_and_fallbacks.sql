-- What steps tell somebody, until it is gathered: of a moment together (docs/automations.md).
create table automation_told (
    id            uuid primary key,             -- of the step of a run: told once
    automation_id uuid not null references automations (id) on delete cascade,
    account_id    bigint not null,
    kind          text not null,                -- owner, email, callback
    address       text not null,                -- of kind email; else empty
    step          text not null,
    message       text not null,
    at            timestamptz not null default clock_timestamp()
);
create index automation_told_of on automation_told (automation_id, kind, address, at);

-- When each of them may be told again.
create table automation_told_turns (
    automation_id uuid not null references automations (id) on delete cascade,
    kind          text not null,
    address       text not null,
    next_at       timestamptz not null,
    primary key (automation_id, kind, address)
);

-- Pages of messages with fallbacks whose workflow may not have started.
create table automation_pages (
    page_id    uuid primary key,
    account_id bigint not null,
    header     jsonb not null,
    content    bytea not null,
    created_at timestamptz not null default clock_timestamp()
);
