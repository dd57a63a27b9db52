-- runs outside a transaction
-- What does not work just now, of all accounts and of one: only such rows are in these.
create index concurrently if not exists callback_endpoints_in_trouble on callback_endpoints (account_id)
    where failing_since is not null or disabled_reason is not null;
create index concurrently if not exists devices_told_offline on devices (account_id)
    where told_offline_at is not null;
create index concurrently if not exists credit_alerts_low on credit_alerts (account_id)
    where low_since is not null;
