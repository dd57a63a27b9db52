-- Where customers want to hear what became of their messages, and what there is to tell them.

create table callback_endpoints (
    id                    uuid primary key,
    account_id            bigint not null references accounts (id),
    url                   text not null,
    description           text not null default '',
    events                text[],                 -- null: all
    secrets               bytea not null,         -- sealed by the key ring, bound to this row
    allow_private_network boolean not null default false,
    enabled               boolean not null default true,
    disabled_reason       text,                   -- why we disabled it; null: its owner did
    disabled_at           timestamptz,
    failing_since         timestamptz,            -- null: the last post was taken
    created_at            timestamptz not null default clock_timestamp()
);
create index callback_endpoints_account on callback_endpoints (account_id, created_at);
create index callback_endpoints_listening on callback_endpoints (account_id) where enabled;

-- What there is to tell: the queue, and the memory of it. Rows are written beside the messages', so the reference to
-- the endpoint is not checked; what a deleted one leaves behind is forgotten with age.
create table callback_deliveries (
    id           uuid primary key,                -- of endpoint, type, message and event, so that queueing twice is once
    number       bigint generated always as identity,
    endpoint_id  uuid not null,
    account_id   bigint not null,
    type         text not null,
    uid          uuid,                            -- the message; null: it is about none
    data         json not null,                   -- as it is posted
    occurred_at  timestamptz not null,
    state        text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
    tries        smallint not null default 0,
    next_at      timestamptz not null default clock_timestamp(),
    last_status  smallint,
    last_error   text,
    delivered_at timestamptz,
    created_at   timestamptz not null default clock_timestamp()
);
create index callback_deliveries_due on callback_deliveries (endpoint_id, next_at) where state = 'pending';
create index callback_deliveries_listed on callback_deliveries (endpoint_id, number);
create index callback_deliveries_age on callback_deliveries (created_at);
