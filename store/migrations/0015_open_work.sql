-- runs outside a transaction
-- Finding the batches that have not ended, among all that have.

create index concurrently if not exists batches_open on batches (id) where finished_at is null;
