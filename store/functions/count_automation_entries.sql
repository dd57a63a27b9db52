-- Trigger of automation_entries: who was not let in, by reason. Who was is counted with the run.
create or replace function count_automation_entries() returns trigger language plpgsql as $$
begin
    insert into automation_changes (automation_id, version, step, day, kind, name, n)
        select a.id, coalesce(a.version, 0), '', (e.at at time zone 'UTC')::date, 'refused', e.outcome, count(*)
        from new_entries e join automations a on a.id = e.automation_id
        where e.outcome <> 'admitted' group by 1, 2, 4, 6;
    return null;
end $$;
