-- What messages are for, and what their recipients allowed or refused (docs/consent.md).

-- Null: the purpose 'transactional', and all messages from before there were purposes.
alter table messages add column purpose text;

-- Whether the account has rules or records of consent, so that holds and dispatches look them up. Others pay nothing.
alter table accounts add column asks_consent boolean not null default false;

-- Purposes that an account made, and built-in ones that it changed. A removed one keeps its rules for messages that wait.
create table purposes (
    account_id    bigint not null references accounts (id),
    key           text not null,
    name          text not null,
    channels      text[] not null,              -- those that it is used on
    opt_in        boolean not null,             -- only who granted consent gets its messages; else all who did not refuse
    public        boolean not null,             -- shown to recipients
    transactional boolean not null,             -- consent is never asked
    created_at    timestamptz not null default clock_timestamp(),
    removed_at    timestamptz,
    primary key (account_id, key)
);

-- The last that is known of an address and a purpose. Purpose '*': all that are not transactional, but for those of which
-- more is known.
create table consents (
    account_id    bigint not null references accounts (id),
    channel       text not null,
    recipient_key text not null,                -- recipient_key(channel, recipient)
    purpose       text not null,
    state         text not null check (state in ('granted', 'withdrawn', 'pending')),
    recipient     text not null,
    source        text not null,                -- what recorded it: api, import, preference_page, one_click, subscribe, …
    text_shown    text,                         -- what the person saw and agreed to
    ip            inet,                         -- the person's
    proof         jsonb,
    at            timestamptz not null,
    primary key (account_id, channel, recipient_key, purpose)
);

-- All that was ever recorded, with the same columns. Only the purge of an account deletes from it.
create table consent_events (
    id            bigint generated always as identity primary key,
    account_id    bigint not null references accounts (id),
    channel       text not null,
    recipient_key text not null,
    purpose       text not null,
    state         text not null,
    recipient     text not null,
    source        text not null,
    text_shown    text,
    ip            inet,
    proof         jsonb,
    at            timestamptz not null
);
create index consent_events_address on consent_events (account_id, channel, recipient_key, id);
create trigger consent_events_append_only before update on consent_events
    for each statement execute function refuse_change();

-- Who wants nothing but transactional messages for some time.
create table consent_pauses (
    account_id    bigint not null references accounts (id),
    channel       text not null,
    recipient_key text not null,
    until         timestamptz not null,
    primary key (account_id, channel, recipient_key)
);
