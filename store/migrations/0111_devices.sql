-- Android phones that send SMS (docs/devices.md). A gateway of type `android` is a pool of phones.

create table devices (
    id              uuid primary key,                   -- UUIDv7
    account_id      bigint not null references accounts (id) on delete cascade,  -- that of the gateway; 0: the admin
    gateway_id      uuid not null references gateways (id) on delete cascade,
    protocol        text not null,                      -- xsender, smsgate
    device_uuid     text,                               -- as the phone calls itself; null: its protocol has none
    name            text not null,
    state           text not null default 'active',
    session         bytea,                              -- SHA-256 of the session token; null: it has none
    journal         text,                               -- which log of sent messages the phone has: with another one
                                                        -- it may have forgotten what it sent
    sealed          bytea,                              -- secrets of its protocol, sealed with the key ring
    inbound         bytea,                              -- SHA-256 of the secret in the address of its webhooks
    android_version text,
    app_version     text,
    health          jsonb not null default '{}',        -- as it said last: battery, charging, network, signal, queue
    clock_skew      double precision,                   -- seconds that the phone's clock is ahead of ours
    settings        integer not null default 1,         -- version of the settings that it is to have
    fetched         integer,                            -- the version of the settings that it has, if its protocol
    fetched_by      bytea,                              -- fetches them, and by which session it got them
    linked_at       timestamptz not null default clock_timestamp(),
    seen_at         timestamptz,                        -- when it called last, to some seconds
    told_offline_at timestamptz,                        -- when its owner was told that it is offline
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default clock_timestamp(),
    constraint devices_protocol check (protocol in ('xsender', 'smsgate')),
    constraint devices_state check (state in ('active', 'logged_out', 'revoked'))
);
create unique index devices_session on devices (session) where session is not null;
create unique index devices_inbound on devices (inbound) where inbound is not null;
create unique index devices_uuid on devices (account_id, device_uuid) where device_uuid is not null;
create index devices_of_gateway on devices (gateway_id, seen_at);
create index devices_of_account on devices (account_id, id);

create table device_sims (
    device_id        uuid not null references devices (id) on delete cascade,
    uid              text not null,                     -- sim-1, sim-2, …
    slot             smallint not null,                 -- from 0
    label            text,
    number           text,                              -- E.164, as the owner or the phone says
    carrier          text,
    iccid_end        text,                              -- its last four characters: a changed one is another card
    country          text,                              -- ISO 3166-1 alpha-2
    countries        text[] not null default '{}',      -- the only ones that it sends to; empty: all
    enabled          boolean not null default true,
    preset           text,
    per_minute       integer,                           -- caps, in parts of messages; null: none
    per_hour         integer,
    per_day          integer,
    unique_per_month integer,                           -- recipients in 30 days
    gap_min          double precision not null default 0,           -- seconds between two messages: a random time
    gap_max          double precision not null default 0,
    free_at          timestamptz not null default '-infinity',  -- when its gap is over
    cooling_until    timestamptz,                       -- it failed by itself, or met a limit of Android or its carrier
    cooling_code     text,
    failures         integer not null default 0,        -- in a row, by itself
    hour             timestamptz not null default '-infinity',
    hour_used        integer not null default 0,        -- messages in that hour, for an even spread
    created_at       timestamptz not null default clock_timestamp(),
    deleted_at       timestamptz,
    primary key (device_id, uid)
);
create unique index device_sims_slot on device_sims (device_id, slot) where deleted_at is null;

-- What SIMs have sent, for their caps. One row for each message that was handed out.
create table sim_uses (
    device_id uuid not null,
    sim       text not null,
    at        timestamptz not null default clock_timestamp(),
    uid       uuid not null,
    attempt   smallint not null,
    parts     smallint not null,
    recipient bytea not null,                           -- digest of the number
    foreign key (device_id, sim) references device_sims (device_id, uid) on delete cascade
);
create index sim_uses_at on sim_uses (device_id, sim, at) include (parts);
create index sim_uses_recipient on sim_uses (device_id, sim, recipient, at);
create index sim_uses_message on sim_uses (uid, attempt);

-- Single-use tokens that pair a phone.
create table device_tokens (
    id         uuid primary key,                        -- UUIDv7
    account_id bigint not null references accounts (id) on delete cascade,
    gateway_id uuid not null references gateways (id) on delete cascade,
    kind       text not null,                           -- token (door one), code (the app's six characters)
    digest     bytea not null unique,                   -- SHA-256 of the token
    device_id  uuid references devices (id) on delete cascade,  -- the phone that it pairs again; null: any
    label      text,
    expires_at timestamptz not null,
    used_at    timestamptz,
    used_by    uuid references devices (id) on delete set null,
    created_at timestamptz not null default clock_timestamp(),
    constraint device_tokens_kind check (kind in ('token', 'code'))
);
create index device_tokens_of_account on device_tokens (account_id, id);
create index device_tokens_expired on device_tokens (expires_at);

-- Messages that wait for a phone or are with one. A row stays some days after its end, without its text, so that late
-- reports find it.
create table device_messages (
    uid           uuid not null,
    attempt       smallint not null,
    gateway_id    uuid not null,
    account_id    bigint not null,
    priority      smallint not null default 0,          -- lower first
    recipient     text not null,                        -- empty: it has ended
    country       text,
    body          text,                                 -- null: it has ended
    parts         smallint not null,
    is_unicode    boolean not null,
    state         text not null default 'waiting',
    device_id     uuid,                                 -- that it was handed to
    sim           text,
    handed_at     timestamptz,
    offered_at    timestamptz,                          -- last
    offers        integer not null default 0,
    taken_at      timestamptz,                          -- when the phone said that it has it
    is_cancelling boolean not null default false,       -- the phone is to give it back
    cancel_told_at timestamptz,                         -- when it was told so
    sent_parts    smallint[] not null default '{}',     -- which parts the radio took, the recipient has
    delivered_parts smallint[] not null default '{}',
    give_back_at  timestamptz,                          -- when it goes to another gateway if no phone has it; null: never
    valid_until   timestamptz not null,
    outcome       text,                                 -- accepted, refused, retry_later, returned, expired, cancelled, unknown,
    code          text,                                 -- withdrawn (before a phone had it)
    reason        text,
    retry_after   double precision,                                 -- seconds, with retry_later
    created_at    timestamptz not null default clock_timestamp(),
    ended_at      timestamptz,
    told_at       timestamptz,                          -- when its page knew that it has ended
    primary key (uid, attempt),
    constraint device_messages_state check (state in ('waiting', 'handed', 'ended')),
    constraint device_messages_ended check ((state = 'ended') = (outcome is not null))
);
create index device_messages_waiting on device_messages (gateway_id, priority, created_at) where state = 'waiting';
create index device_messages_handed on device_messages (device_id, handed_at) where state = 'handed';
create index device_messages_untold on device_messages (ended_at) where state = 'ended' and told_at is null;
create index device_messages_give_back on device_messages (give_back_at) where state = 'waiting' and give_back_at is not null;
create index device_messages_valid on device_messages (valid_until) where state <> 'ended';
create index device_messages_ended_at on device_messages (ended_at) where state = 'ended';
