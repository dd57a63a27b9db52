-- Templates of messages that were sent as texts: WhatsApp may report later that it takes no texts for the recipient any
-- more. They are deleted when they were sent, or after a day.
create table templates_to_follow (
    uid     uuid primary key,           -- of the message
    lane    text not null,
    content bytea not null,             -- of a page with the template alone
    sent_at timestamptz not null default clock_timestamp(),
    due_at  timestamptz                 -- since when it is to be sent; null: nothing was reported
);
create index templates_to_follow_sent on templates_to_follow (sent_at);
create index templates_to_follow_due on templates_to_follow (uid) where due_at is not null;

-- What WhatsApp's provider thinks of a gateway's number.
create table whatsapp_numbers (
    gateway_id      uuid primary key references gateways (id) on delete cascade,
    number          text,               -- E.164; null: it could not be read yet
    quality         text,               -- GREEN, YELLOW, RED …
    messaging_limit text,               -- TIER_250, TIER_2K … people to whom it may write first in a day
    event           text,               -- the last that was reported: FLAGGED, UPGRADE …
    reported_at     timestamptz,
    read_at         timestamptz
);
