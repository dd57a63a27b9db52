-- Runs of paused automations are not due, as others would wait behind them: they are held until theirs is resumed.
alter table automation_runs add column held_until timestamptz;
-- When the workflow of a run looks at it by itself: it is told of one that ends long before.
alter table automation_runs add column timer_at timestamptz;
