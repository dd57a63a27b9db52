-- runs outside a transaction
-- Finding who wants no more messages, by the form that all spellings of a recipient share.

create index concurrently if not exists suppressions_key
    on suppressions (account_id, channel, recipient_key(channel, recipient));
