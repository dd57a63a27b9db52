-- Trigger of automation_runs: where runs went, how they ended, and who reached the goal. A conversion is credited to the
-- version and the step that sent the last message before it, and to the arms that the run had taken by then.
create or replace function count_changed_runs() returns trigger language plpgsql as $$
begin
    insert into automation_changes (automation_id, version, step, day, kind, name, arm, n)
        select m.automation_id, m.version, m.step, '-infinity', 'inside', '', '', sum(m.n)
        from (select o.automation_id, o.version, coalesce(o.step, '') as step, -1 as n
              from runs_were o where o.ended_at is null and o.id >= (select id from automation_mark)
              union all
              select n.automation_id, n.version, coalesce(n.step, ''), 1
              from runs_are n where n.ended_at is null and n.id >= (select id from automation_mark)) as m
        group by 1, 2, 3 having sum(m.n) <> 0
        union all
        select n.automation_id, n.version, coalesce(n.step, ''), (n.ended_at at time zone 'UTC')::date, 'ended',
               n.state, coalesce(n.reason, ''), count(*)
        from runs_were o join runs_are n using (id) where o.ended_at is null and n.ended_at is not null
        group by 1, 2, 3, 4, 6, 7;

    -- Until this transaction began: the steps that it takes are of the new version.
    insert into automation_moves (run_id, until, version)
        select o.id, now(), o.version from runs_were o join runs_are n using (id)
        where o.version <> n.version;

    insert into automation_changes (automation_id, version, step, day, kind, name, arm, n)
        select c.automation_id, version_of_run(c.id, c.version, coalesce(s.at, c.converted_at)), coalesce(s.step, ''),
               (c.converted_at at time zone 'UTC')::date, 'converted', '', '', count(*)
        from runs_were o join runs_are c using (id)
        left join lateral (
            select l.step, l.at from automation_sends l
            where l.run_id = c.id and l.code is null and l.at <= c.converted_at order by l.number desc limit 1
        ) as s on true
        where o.converted_at is null and c.converted_at is not null group by 1, 2, 3, 4
        union all
        select c.automation_id, version_of_run(c.id, c.version, t.at), t.step,
               (c.converted_at at time zone 'UTC')::date, 'converted', 'arm', t.outcome ->> 'arm', count(*)
        from runs_were o join runs_are c using (id)
        join automation_steps t on t.run_id = c.id and t.at <= c.converted_at and t.outcome ? 'arm'
        where o.converted_at is null and c.converted_at is not null group by 1, 2, 3, 4, 7;
    return null;
end $$;
