-- Domains that accounts send emails from, with the keys that these are signed with (DKIM).
create table sender_domains (
    id            bigint generated always as identity primary key,
    account_id    bigint not null references accounts (id) on delete cascade,
    domain        text not null check (domain <> '' and domain = lower(domain)),
    token         text not null,                       -- of its ownership record
    state         text not null default 'unverified' check (state in ('unverified', 'verified', 'failing')),
    failures      integer not null default 0,          -- checks in a row that proved a record to be gone
    failing_since timestamptz,
    problem       text,                                -- why it is not verified although its records are there
    selector      text not null,                       -- which key mails are signed with
    key           bytea not null,                      -- its private half, sealed
    public        text not null,
    next_selector text,                                -- the key to come: used once its record is seen
    next_key      bytea,
    next_public   text,
    checks        jsonb not null default '[]',
    checked_at    timestamptz,
    check_at      timestamptz not null default now(),
    verified_at   timestamptz,
    created_at    timestamptz not null default now(),
    unique (account_id, domain),
    check ((next_selector is null) = (next_key is null) and (next_selector is null) = (next_public is null))
);
-- One account at a time may send from a domain.
create unique index sender_domains_usable on sender_domains (domain) where state in ('verified', 'failing');
create index sender_domains_domain on sender_domains (domain, id);
create index sender_domains_account on sender_domains (account_id, id);
create index sender_domains_state on sender_domains (state, id);
create index sender_domains_due on sender_domains (check_at);

-- What a gateway sends as: its own address only, or addresses of domains that were verified for the sender.
alter table gateways
    add column from_policy  text not null default 'fixed' check (from_policy in ('fixed', 'verified_domains')),
    add column from_address text;                      -- that of its configuration; '': it has none, null: not noted yet
