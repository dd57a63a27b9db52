-- runs outside a transaction
-- Accounts take turns: one whose import is looked at by automations holds up nobody else's events.
create index concurrently if not exists automation_events_turns on automation_events (account_id, noted_at);
