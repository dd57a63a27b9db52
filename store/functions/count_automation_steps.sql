-- Trigger of automation_steps: what came of each step, added to the counters. The steps of one statement share few rows.
create or replace function count_automation_steps() returns trigger language plpgsql as $$
begin
    insert into automation_changes (automation_id, version, step, day, kind, name, arm, n)
        select r.automation_id, r.version, s.step, (s.at at time zone 'UTC')::date, 'step',
               coalesce(s.outcome ->> 'result', ''), coalesce(s.outcome ->> 'arm', ''), count(*)
        from new_steps s join automation_runs r on r.id = s.run_id
        group by 1, 2, 3, 4, 6, 7;
    return null;
end $$;
