-- The life of a message. The uids of a page are one range of the primary key (domain/ids.py).

create table messages (
    uid         uuid primary key,
    account_id  bigint not null,
    channel     text not null,
    recipient   text not null,
    state       text not null,
    code        text,               -- why it ended as it did, for programs
    reason      text,               -- the same for people
    price       integer not null,   -- credits held for it
    credit      text not null check (credit in ('free', 'held', 'captured', 'released')),
    gateway_id  uuid,
    provider_id text,
    receipts    boolean not null default false,
    on_unknown  text,               -- the sender's policy; null: the gateway's
    schedule_at timestamptz,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now()
) with (fillfactor = 75);
create index messages_account on messages (account_id, uid);

-- Every try. A row is written before the connection is opened (the intent) and gets its outcome afterwards.
create table attempts (
    uid         uuid not null,
    attempt     smallint not null,
    gateway_id  uuid not null,
    run_id      uuid not null,      -- which run of the dispatch sends it
    outcome     text check (outcome in ('accepted', 'refused', 'retry_later', 'gateway_down', 'unknown')),
    provider_id text,
    code        text,
    reason      text,
    started_at  timestamptz not null default clock_timestamp(),
    ended_at    timestamptz,
    primary key (uid, attempt)
) with (fillfactor = 75);

create table idempotency_keys (
    account_id   bigint not null,
    key          text not null,
    endpoint     text not null,
    body_hash    bytea not null,
    page_id      uuid not null,       -- minted with the claim, so that a repeat after a crash starts the same page
    locked_until timestamptz not null,
    status       smallint,
    response     bytea,
    created_at   timestamptz not null default now(),
    primary key (account_id, endpoint, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- What the sandbox gateways "delivered".
create table sandbox_messages (
    id         bigint generated always as identity primary key,
    account_id bigint not null,
    gateway    text not null,
    uid        uuid not null,
    channel    text not null,
    recipient  text not null,
    content    jsonb not null,
    created_at timestamptz not null default now()
);
create table sandbox_tries (
    uid   uuid primary key,
    tries integer not null
);

-- Which worker processes are alive: each writes its row every few seconds.
create table workers (
    id      text primary key,
    queues  text[] not null,
    seen_at timestamptz not null
);
