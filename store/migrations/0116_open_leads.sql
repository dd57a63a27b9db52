-- runs outside a transaction
-- Leads that go on by themselves: few, and seldom for long.
create index concurrently if not exists leads_open on leads (started_at)
    where ended_at is null and started_at is not null and state <> 'parked';
