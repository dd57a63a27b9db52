-- runs outside a transaction
-- Finding what has no outcome yet, among all that has: few rows, whatever the size of the tables.

create index concurrently if not exists messages_open on messages (uid)
    where state in ('scheduled', 'queued', 'processing');
create index concurrently if not exists messages_unknown on messages (uid) where state = 'unknown';
create index concurrently if not exists batches_open on batches (id) where finished_at is null;
