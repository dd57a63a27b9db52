-- Log-in of people: members of staff, and users (an account is one user).

-- What a person logs in with. No row: nothing yet.
create table log_ins (
    kind         text not null check (kind in ('staff', 'user')),
    person_id    bigint not null,                      -- staff.id, or accounts.id
    password     text,                                 -- an argon2id hash; null: none
    totp_secret  bytea,                                -- sealed
    totp_since   timestamptz,                          -- null: waits for its first code
    totp_step    bigint,                               -- of the last code that was used
    primary key (kind, person_id)
);

-- Codes for whoever lost the second factor. One that was used is gone.
create table recovery_codes (
    kind      text not null,
    person_id bigint not null,
    hash      bytea not null,
    primary key (kind, person_id, hash),
    foreign key (kind, person_id) references log_ins
);

create table sessions (
    id         text primary key,
    kind       text not null check (kind in ('staff', 'user')),
    person_id  bigint not null,
    hash       bytea not null,                         -- of the token's secret
    ip         text not null,
    user_agent text not null,
    created_at timestamptz not null default clock_timestamp(),
    used_at    timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null
);
create index sessions_person on sessions (kind, person_id, created_at);
create index sessions_created on sessions (created_at, id);

-- Links that set a password, once: of the first owner, of who was invited, of who forgot it.
create table one_time_tokens (
    hash       bytea primary key,
    purpose    text not null check (purpose in ('setup', 'invite', 'reset')),
    kind       text not null default '',               -- whose; of the first owner there is none yet
    person_id  bigint not null default 0,
    expires_at timestamptz not null
);
create index one_time_tokens_person on one_time_tokens (kind, person_id, purpose);

-- Who tried to log in, and until when they wait. After a crash nobody waits, which is harmless.
create unlogged table log_in_waits (
    subject text primary key,
    failed  integer not null,
    at      timestamptz not null,                      -- of the last try
    until   timestamptz not null
) with (fillfactor = 50);

alter table staff add column totp_required boolean not null default false;
