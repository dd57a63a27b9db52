-- The log of requests gets a partition for each day (docs/decisions/0059). As in 0027: what it holds so far becomes its first
-- partition, which ends with this day. This states it, 0121 has PostgreSQL check it while others work, and 0122 makes
-- the partitions without reading the table again. Shortly before the day ends it is the next one: the check takes a while.
do $$
declare
    v_end timestamptz := (date_trunc('day', (now() + interval '1 hour') at time zone 'UTC') + interval '1 day')
                         at time zone 'UTC';
begin
    create table request_log_other (like request_log including all excluding identity);
    with moved as (delete from request_log where at >= v_end returning *) insert into request_log_other select * from moved;
    execute format('alter table request_log add constraint request_log_end check (at < %L) not valid', v_end);
end $$;
