-- Trigger of automation_runs: who entered, and is inside.
create or replace function count_new_runs() returns trigger language plpgsql as $$
begin
    insert into automation_changes (automation_id, version, step, day, kind, n)
        select r.automation_id, r.version, '', (r.entered_at at time zone 'UTC')::date, 'entered', count(*)
        from new_runs r group by 1, 2, 4
        union all
        select r.automation_id, r.version, coalesce(r.step, ''), '-infinity', 'inside', count(*)
        from new_runs r where r.ended_at is null and r.id >= (select id from automation_mark) group by 1, 2, 3;
    return null;
end $$;
