-- Partitions for each month of a uid's time, which its first 48 bits tell (domain/ids.py): whoever knows the uid, or the
-- page, reads one. store/schema/partitions.py makes them ahead of time, and drops the old. A uid of any other time, of a clock
-- that went wrong, has its place in the partition `…_other`.
do $$
declare
    v_table text;
    v_index text;
    v_end text;
begin
    foreach v_table in array array['messages', 'attempts', 'receipts'] loop
        for v_index in select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
            where i.indrelid = v_table::regclass
        loop
            execute format('alter index %I rename to %I', v_index, replace(v_index, v_table, v_table || '_first'));
        end loop;
        execute format('alter table %I rename to %I', v_table, v_table || '_first');
        execute format('create table %I (like %I including defaults including constraints) partition by range (uid)',
                       v_table, v_table || '_first');
        execute format('alter table %I drop constraint %I', v_table, v_table || '_end');
    end loop;

    alter table messages add primary key (uid);
    create index messages_account on messages (account_id, uid);
    create index messages_recipient on messages (recipient, channel);
    create index messages_fallback on messages (fallback_uid) where fallback_uid is not null;
    alter table attempts add primary key (uid, attempt);
    alter table receipts add primary key (uid, key);

    foreach v_table in array array['messages', 'attempts', 'receipts'] loop
        select substring(pg_get_constraintdef(oid) from '''([0-9a-f-]{36})''') into strict v_end
            from pg_constraint where conrelid = (v_table || '_first')::regclass and conname = v_table || '_end';
        execute format('alter table %I attach partition %I for values from (minvalue) to (%L)',
                       v_table, v_table || '_first', v_end);
        execute format('alter table %I drop constraint %I', v_table || '_first', v_table || '_end');
        execute format('alter table %I attach partition %I default', v_table, v_table || '_other');
    end loop;
end $$;
