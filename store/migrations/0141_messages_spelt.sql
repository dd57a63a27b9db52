-- runs outside a transaction
-- Messages to addresses with capitals, to find all of a person. Others, and telephone numbers, are not in it, and cost nothing.
create index concurrently if not exists messages_spelt on messages (lower(recipient)) where recipient <> lower(recipient);
