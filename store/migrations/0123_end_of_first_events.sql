-- What happened to contacts gets a partition for each month (docs/decisions/0059). As in 0120: what there is so far becomes
-- the first one, 0124 has PostgreSQL check its end while others work, and 0125 makes the partitions.
do $$
declare
    v_end timestamptz := (date_trunc('month', (now() + interval '1 hour') at time zone 'UTC') + interval '1 month')
                         at time zone 'UTC';
begin
    create table contact_events_other (like contact_events including all);
    drop index contact_events_other_at_idx;  -- partitions are dropped by age, not searched by it
    with moved as (delete from contact_events where at >= v_end returning *)
        insert into contact_events_other select * from moved;
    execute format('alter table contact_events add constraint contact_events_end check (at < %L) not valid', v_end);
end $$;
