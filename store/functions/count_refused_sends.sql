-- Trigger of automation_sends: messages that could not be made have failed.
create or replace function count_refused_sends() returns trigger language plpgsql as $$
begin
    insert into automation_changes (automation_id, version, step, day, kind, name, n)
        select r.automation_id, version_of_run(r.id, r.version, n.at), n.step, (n.at at time zone 'UTC')::date,
               'message', 'failed', count(*)
        from sends_were o join sends_are n using (run_id, number) join automation_runs r on r.id = n.run_id
        where o.code is null and n.code is not null group by 1, 2, 3, 4;
    return null;
end $$;
