-- runs outside a transaction
-- Messages of test keys in their order, for lists of theirs. Live messages are not in it, and cost nothing.
create index concurrently if not exists messages_of_tests on messages (account_id, uid) where test;
