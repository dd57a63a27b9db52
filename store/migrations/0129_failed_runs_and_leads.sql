-- runs outside a transaction
-- What failed lately, of all and of an account: only what failed is in these.
create index concurrently if not exists automation_runs_failed_at on automation_runs (ended_at)
    where state = 'failed';
create index concurrently if not exists automation_runs_failed_of on automation_runs (account_id, ended_at)
    where state = 'failed';
create index concurrently if not exists leads_failed_at on leads (ended_at)
    where state in ('failed', 'gone', 'invalid');
create index concurrently if not exists leads_failed_of on leads (account_id, ended_at)
    where state in ('failed', 'gone', 'invalid');
