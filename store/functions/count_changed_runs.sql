-- Trigger of automation_runs: where runs went, how they ended, and who reached the goal. A conversion is credited to the
-- version and the step that sent the last message before it, and to the arms that the run had taken by then. What runs were
-- and are is brought together by sorting: a join of both might compare each with each. Versions that were left are kept
-- until this transaction began: the steps that it takes are of the new one.
create or replace function count_changed_runs() returns trigger language plpgsql as $$
begin
    with both_times as (
        select id, 0 as n, automation_id, version, coalesce(step, '') as step, state, reason, ended_at, converted_at
        from runs_were
        union all
        select id, 1, automation_id, version, coalesce(step, ''), state, reason, ended_at, converted_at from runs_are
    ), changed as materialized (
        select *, lag(version) over w as version_before, lag(ended_at) over w as ended_before,
               lag(converted_at) over w as converted_before
        from both_times window w as (partition by id order by n)
    ), moved as (
        insert into automation_moves (run_id, until, version)
        select id, now(), version_before from changed where n = 1 and version <> version_before
    ), converted as materialized (
        select * from changed where n = 1 and converted_before is null and converted_at is not null
    )
    insert into automation_changes (automation_id, version, step, day, kind, name, arm, n)
        select automation_id, version, step, '-infinity', 'inside', '', '', sum(2 * n - 1)
        from changed where ended_at is null and id >= (select id from automation_mark)
        group by 1, 2, 3 having sum(2 * n - 1) <> 0
        union all
        select automation_id, version, step, (ended_at at time zone 'UTC')::date, 'ended', state, coalesce(reason, ''),
               count(*)
        from changed where n = 1 and ended_before is null and ended_at is not null group by 1, 2, 3, 4, 6, 7
        union all
        select c.automation_id, version_of_run(c.id, c.version, coalesce(s.at, c.converted_at)), coalesce(s.step, ''),
               (c.converted_at at time zone 'UTC')::date, 'converted', '', '', count(*)
        from converted c left join lateral (
            select l.step, l.at from automation_sends l
            where l.run_id = c.id and l.code is null and l.at <= c.converted_at order by l.number desc limit 1
        ) as s on true group by 1, 2, 3, 4
        union all
        select c.automation_id, version_of_run(c.id, c.version, t.at), t.step,
               (c.converted_at at time zone 'UTC')::date, 'converted', 'arm', t.outcome ->> 'arm', count(*)
        from converted c cross join lateral (
            select s.step, s.at, s.outcome from automation_steps s
            where s.run_id = c.id and s.at <= c.converted_at and s.outcome ? 'arm' offset 0
        ) as t group by 1, 2, 3, 4, 7;
    return null;
end $$;
