-- Log-in of staff at a provider of identities (OpenID Connect).

create table oidc (
    id            boolean primary key default true check (id),  -- one row
    config        jsonb not null,
    client_secret bytea not null                                -- sealed
);

-- Log-ins on their way: who comes back shows what both the address and the cookie had.
create table oidc_log_ins (
    state      bytea primary key,                               -- hashes
    binding    bytea not null,
    created_at timestamptz not null default clock_timestamp()
);

-- Who is whom there. lost: the member was removed because no group of the mapping was left; not by somebody here.
create table oidc_members (
    subject  text primary key,
    staff_id bigint not null unique references staff (id),
    lost     boolean not null default false
);

alter table sessions add column proof text not null default 'password';
