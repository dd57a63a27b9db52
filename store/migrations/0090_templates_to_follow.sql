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
