-- Subscriptions that wait for whose address it is to confirm them (double opt-in), and those that were confirmed lately.
create table subscribe_requests (
    id            uuid primary key,
    account_id    bigint not null references accounts (id),
    channel       text not null,
    recipient     text not null,
    recipient_key text not null,
    purposes      text[] not null,
    source        text not null,
    text_shown    text,
    ip            inet,                         -- from which it was asked for
    language      text,
    sent          integer not null default 0,   -- confirmation messages
    sent_at       timestamptz,
    created_at    timestamptz not null default clock_timestamp(),
    expires_at    timestamptz not null,
    confirmed_at  timestamptz
);
create unique index subscribe_requests_open on subscribe_requests (account_id, channel, recipient_key)
    where confirmed_at is null;
create index subscribe_requests_age on subscribe_requests (expires_at);

-- What the confirmation messages of an account say, where it is not what all say.
create table confirmation_texts (
    account_id bigint not null references accounts (id),
    channel    text not null,
    subject    text,
    message    text not null,
    primary key (account_id, channel)
);
