-- runs outside a transaction
-- Lists of runs and entries, whatever they are filtered by.
create index concurrently if not exists automation_runs_state on automation_runs (automation_id, state, id);
create index concurrently if not exists automation_runs_step on automation_runs (automation_id, step, id);
create index concurrently if not exists automation_runs_version on automation_runs (automation_id, version, id);
create index concurrently if not exists automation_runs_reason on automation_runs (automation_id, reason, id) where ended_at is not null;
create index concurrently if not exists automation_runs_failed on automation_runs (automation_id, step, reason, id) include (version, ended_at) where state = 'failed';
create index concurrently if not exists automation_entries_outcome on automation_entries (automation_id, outcome, id);
create index concurrently if not exists automation_entries_contact on automation_entries (automation_id, contact_id, id);
