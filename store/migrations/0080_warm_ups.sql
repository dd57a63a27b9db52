-- Day and hour caps of gateways and sender domains that are being warmed up, and what was taken of them. Few rows; a
-- gateway or domain without one has no cap.
create table warm_ups (
    id         uuid primary key default gen_random_uuid(),
    gateway_id uuid unique references gateways (id) on delete cascade,
    domain_id  bigint unique references sender_domains (id) on delete cascade,
    ladder     text not null check (ladder in ('email', 'sim')),
    tier       integer not null check (tier >= 0),
    pinned     boolean not null default false,         -- whether only staff changes the tier
    day_cap    bigint not null check (day_cap > 0),
    hour_cap   bigint not null check (hour_cap > 0),
    since      date not null default (clock_timestamp() at time zone 'UTC')::date,  -- on which the tier began
    used_days  integer not null default 0,             -- days since then on which at least half of the cap was taken
    used_on    date,                                   -- the last of them
    last_used  date,                                   -- when a message was last sent
    day        date not null default 'epoch',          -- in UTC; of which day_taken is
    day_taken  bigint not null default 0,
    hour       timestamptz not null default 'epoch',
    hour_taken bigint not null default 0,
    judged_on  date not null default (clock_timestamp() at time zone 'UTC')::date,
    created_at timestamptz not null default clock_timestamp(),
    check (num_nonnulls(gateway_id, domain_id) = 1)
) with (fillfactor = 50);
