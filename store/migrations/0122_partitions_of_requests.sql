-- A partition of the log of requests for each day. Its ids are unique in each by its own key; over all of them by their
-- sequence. store/schema/partitions.py makes them ahead of time, old_partitions.py drops the old.
do $$
declare
    v_index text;
    v_end text;
    v_last bigint;
begin
    lock table request_log in access exclusive mode;
    execute format('select case when is_called then last_value else 0 end from %s',
                   pg_get_serial_sequence('request_log', 'id')) into v_last;
    create sequence request_log_numbers;
    perform setval('request_log_numbers', v_last + 1, false);
    alter table request_log alter id drop identity;

    for v_index in select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
        where i.indrelid = 'request_log'::regclass
    loop
        execute format('alter index %I rename to %I', v_index, replace(v_index, 'request_log', 'request_log_first'));
    end loop;
    alter table request_log rename to request_log_first;
    create table request_log (like request_log_first including defaults) partition by range (at);
    alter table request_log alter id set default nextval('request_log_numbers');
    alter sequence request_log_numbers owned by request_log.id;
    create index request_log_at on request_log (at);
    create index request_log_account on request_log (account_id, id);
    create index request_log_key on request_log (key_id, id);
    create index request_log_request on request_log (request_id);
    create index request_log_failed on request_log (id) where status >= 400;

    select substring(pg_get_constraintdef(oid) from '''([^'']+)''') into strict v_end
        from pg_constraint where conrelid = 'request_log_first'::regclass and conname = 'request_log_end';
    execute format('alter table request_log attach partition request_log_first for values from (minvalue) to (%L)', v_end);
    alter table request_log_first drop constraint request_log_end;
    alter table request_log attach partition request_log_other default;
end $$;

-- Code of the release before deletes by ctid, which in a partitioned table is one of a row in each partition.
create function refuse_ctid() returns trigger language plpgsql as $$
begin
    raise feature_not_supported using message = 'rows of a partitioned table cannot be chosen by their ctid';
end $$;
create trigger request_log_ctid before delete on request_log for each statement
    when (current_query() ~ 'delete from request_log\s+where ctid') execute function refuse_ctid();
