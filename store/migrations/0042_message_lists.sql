-- runs outside a transaction
-- A recipient's messages in their order; it takes the place of messages_recipient. The uid is in it in a form by which
-- nothing else is looked up: of an index on (recipient, uid) PostgreSQL would make use for a uid alone, in plans from when
-- a month's partition was empty, and read all of it.
create index concurrently if not exists messages_of_recipient on messages (recipient, uuid_send(uid));
create index concurrently if not exists batches_state on batches (state, id);
