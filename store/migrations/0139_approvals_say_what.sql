-- What a change that waits for a second person would do, and why: {"reason", "changes", "metadata"} as in the audit log.
alter table approvals add column details jsonb not null default '{}';
