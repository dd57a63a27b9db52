-- Trigger of automation_sends: messages that could not be made have failed. What they were and are is brought together by
-- sorting, as in count_changed_runs.
create or replace function count_refused_sends() returns trigger language plpgsql as $$
begin
    if not exists (select from sends_are where code is not null) then
        return null;
    end if;
    with both_times as (
        select run_id, number, 0 as n, step, at, code from sends_were
        union all
        select run_id, number, 1, step, at, code from sends_are
    ), changed as materialized (
        select *, lag(code) over (partition by run_id, number order by n) as code_before from both_times
    )
    insert into automation_changes (automation_id, version, step, day, kind, name, n)
        select r.automation_id, version_of_run(r.id, r.version, c.at), c.step, (c.at at time zone 'UTC')::date,
               'message', 'failed', count(*)
        from changed c join automation_runs r on r.id = c.run_id
        where c.n = 1 and c.code_before is null and c.code is not null group by 1, 2, 3, 4;
    return null;
end $$;
