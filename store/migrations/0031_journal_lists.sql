-- runs outside a transaction
-- What was granted to an account and deducted from it; entries of messages are found by their uids.
create index concurrently if not exists journal_moved on journal (account_id, at, uid, kind)
    where kind in ('grant', 'deduct');
