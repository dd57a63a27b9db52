-- Tables that grow with traffic get a partition for each month (docs/decisions/0019). What they hold so far becomes their
-- first partition, which ends with this month. This states it, 0028 has PostgreSQL check it while others work, and 0029
-- makes the partitions without reading the tables again. What a wrong clock has brought from later goes elsewhere.
do $$
declare
    v_table text;
    v_end uuid := uid_at((date_trunc('month', now() at time zone 'UTC') + interval '1 month') at time zone 'UTC');
begin
    foreach v_table in array array['messages', 'attempts', 'receipts'] loop
        execute format('create table %I (like %I including all) with (fillfactor = 75)', v_table || '_other', v_table);
        execute format('with moved as (delete from %I where uid >= %L returning *) insert into %I select * from moved',
                       v_table, v_end, v_table || '_other');
        execute format('alter table %I add constraint %I check (uid < %L) not valid', v_table, v_table || '_end', v_end);
    end loop;
end $$;
