-- Guards: what an account's messages must not do, whatever way they come (docs/guards.md).

alter table accounts
    add column allowed_countries text[],                             -- whose numbers may be sent to; null: those of all
    -- Whether choosing a gateway and handing over look at the guards. Other accounts pay nothing for them.
    add column guards_all boolean not null default false,            -- of all messages
    add column guards_marketing boolean not null default false,      -- of those that are not transactional
    add column guards_version integer not null default 0;            -- grows with each change of the guards

create table account_guards (
    account_id      bigint primary key references accounts (id),
    pumping         text not null default 'off' check (pumping in ('off', 'monitor', 'on')),
    prefix_per_hour integer not null default 100,   -- SMS to numbers that differ in their last four digits only
    safe_numbers    text[] not null default '{}',   -- what the pumping guard lets pass
    quiet_hours     text not null default 'off' check (quiet_hours in ('off', 'on')),
    quiet_channels  text[] not null default '{sms,whatsapp}',
    quiet_from      time,                           -- null: as the country has it
    quiet_to        time,
    per_day         integer,                        -- messages to a person; null: any number
    per_week        integer,
    over_cap        text not null default 'skip' check (over_cap in ('skip', 'wait')),
    updated_at      timestamptz not null default clock_timestamp()
);

-- Messages that count towards what a person gets, for a week.
create table capped_sends (
    uid        uuid primary key,
    account_id bigint not null,
    address    text not null,                       -- its channel and key
    at         timestamptz not null
);
create index capped_sends_address on capped_sends (account_id, address, at);

-- How many SMS went to a range of numbers in an hour.
create table prefix_sends (
    account_id bigint not null,
    prefix     text not null,
    hour       timestamptz not null,
    messages   integer not null,
    primary key (account_id, prefix, hour)
);

-- What the pumping guard refused, or would have, for 30 days.
create table guard_refusals (
    uid        uuid not null,
    code       text not null,
    account_id bigint not null,
    recipient  text not null,
    reason     text not null,
    enforced   boolean not null,
    at         timestamptz not null default clock_timestamp(),
    primary key (uid, code)
);
create index guard_refusals_newest on guard_refusals (account_id, at);
