-- runs outside a transaction

-- Which lead a message answers, so that failures tell their source.
create index concurrently if not exists leads_reply on leads (reply_uid) where reply_uid is not null;
