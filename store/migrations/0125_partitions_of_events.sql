-- A partition for each month of what happened to contacts. Of one source there is one event in each, by its own primary key;
-- those that may come again in a later month are looked up by who writes them (store/audience/events).
do $$
declare
    v_index text;
    v_end text;
begin
    lock table contact_events in access exclusive mode;
    for v_index in select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
        where i.indrelid = 'contact_events'::regclass
    loop
        execute format('alter index %I rename to %I', v_index, replace(v_index, 'contact_events', 'contact_events_first'));
    end loop;
    alter table contact_events rename to contact_events_first;
    drop trigger contact_events_automations on contact_events_first;
    drop trigger contact_events_of_automations on contact_events_first;

    create table contact_events (like contact_events_first including defaults) partition by range (at);
    alter table contact_events
        add foreign key (account_id) references accounts (id),
        add foreign key (contact_id) references contacts (id) on delete cascade;
    create index contact_events_contact on contact_events (contact_id, name, at);
    create index contact_events_name on contact_events (account_id, name, at) include (contact_id);

    select substring(pg_get_constraintdef(oid) from '''([^'']+)''') into strict v_end
        from pg_constraint where conrelid = 'contact_events_first'::regclass and conname = 'contact_events_end';
    execute format('alter table contact_events attach partition contact_events_first for values from (minvalue) to (%L)',
                   v_end);
    alter table contact_events_first drop constraint contact_events_end;
    alter table contact_events attach partition contact_events_other default;
end $$;

create trigger contact_events_automations after insert on contact_events
    referencing new table as new_events for each statement execute function note_automation_events();
create trigger contact_events_of_automations after insert on contact_events
    referencing new table as new_events for each statement execute function count_automation_events();
-- Code of the release before deletes by ctid, see 0122.
create trigger contact_events_ctid before delete on contact_events for each statement
    when (current_query() ~ 'delete from contact_events\s+where ctid') execute function refuse_ctid();
