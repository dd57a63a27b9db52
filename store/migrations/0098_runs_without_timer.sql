-- runs outside a transaction
-- Runs of which nobody noted that their workflow was started.
create index concurrently if not exists automation_runs_without_timer on automation_runs (entered_at)
    where timer_at is null and ended_at is null;
