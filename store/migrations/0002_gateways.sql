-- Ways out: gateways, who may use them, their health and rate.

create table gateways (
    id         uuid primary key,
    account_id bigint not null references accounts (id),  -- the owner; 0: the admin
    channel    text not null check (channel in ('email', 'sms', 'whatsapp')),
    identifier text not null,
    type       text not null,
    config     bytea not null,                            -- sealed by the key ring, bound to this row
    enabled    boolean not null default true,
    priority   integer not null default 100,              -- lower goes first
    per_second double precision check (per_second > 0),   -- null: no limit
    on_unknown text not null default 'hold' check (on_unknown in ('hold', 'resend')),
    version    integer not null default 1,                -- grows with every change: workers rebuild on it
    created_at timestamptz not null default now(),
    unique (account_id, channel, identifier)
);

create table gateway_shares (
    gateway_id uuid not null references gateways (id) on delete cascade,
    account_id bigint not null references accounts (id),
    primary key (gateway_id, account_id)
);
create index gateway_shares_account on gateway_shares (account_id);

create table plan_gateways (
    plan_id    bigint not null references plans (id) on delete cascade,
    gateway_id uuid not null references gateways (id) on delete cascade,
    primary key (plan_id, gateway_id)
);

-- The moment from which the gateway has free rate slots (the theoretical arrival time of GCRA).
create table gateway_slots (
    gateway_id uuid primary key references gateways (id) on delete cascade,
    free_at    timestamptz not null
) with (fillfactor = 50);

-- A gateway without a row is healthy.
create table gateway_breakers (
    gateway_id uuid primary key references gateways (id) on delete cascade,
    failures   integer not null,
    open_until timestamptz,
    last_error text not null,
    changed_at timestamptz not null default now()
);
