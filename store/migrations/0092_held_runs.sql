-- Runs of paused automations are not due, as others would wait behind them: they are held until theirs is resumed.
alter table automation_runs add column held_until timestamptz;
-- When the workflow of a run looks at it by itself; null: nobody noted that it was started.
-- Those of all runs so far were.
alter table automation_runs add column timer_at timestamptz default '1970-01-01 00:00Z';
alter table automation_runs alter column timer_at set default null;
