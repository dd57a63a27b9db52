-- runs outside a transaction
-- What was moved of an account's credits, as journal_moved, which processes of the release before can do without.
create index concurrently if not exists journal_moves on journal (account_id, at, uid, kind)
    where kind in ('grant', 'deduct', 'transfer');
drop index concurrently if exists journal_moved;
