-- runs outside a transaction
-- For staff: who wants no more messages of any account, by the form that all spellings of a recipient share.

create index concurrently if not exists suppressions_any_key on suppressions (recipient_key(channel, recipient));
