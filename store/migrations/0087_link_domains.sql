-- Domains that short links of an account begin with. Their states are those of sender domains.
create table link_domains (
    id            bigint generated always as identity primary key,
    account_id    bigint not null references accounts (id) on delete cascade,
    domain        text not null check (domain <> '' and domain = lower(domain)),
    token         text not null,                       -- of its ownership record
    target        text not null,                       -- what it is to be an alias of; '': the install has no name
    state         text not null default 'unverified' check (state in ('unverified', 'verified', 'failing')),
    failures      integer not null default 0,          -- checks in a row that proved a record to be gone
    failing_since timestamptz,
    problem       text,                                -- why it is not verified although its records are there
    checks        jsonb not null default '[]',
    checked_at    timestamptz,
    check_at      timestamptz not null default now(),
    verified_at   timestamptz,
    created_at    timestamptz not null default now(),
    unique (account_id, domain)
);
-- One account at a time has links on a domain.
create unique index link_domains_usable on link_domains (domain) where state in ('verified', 'failing');
create index link_domains_domain on link_domains (domain, id);
create index link_domains_account on link_domains (account_id, id);
create index link_domains_due on link_domains (check_at);
