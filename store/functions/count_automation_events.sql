-- Trigger of contact_events: messages of automations that were opened, or whose links were followed, each once.
create or replace function count_automation_events() returns trigger language plpgsql as $$
begin
    if not exists (select from new_events where name in ('message.opened', 'message.clicked')) then
        return null;
    end if;
    with seen as (
        select s.run_id, s.number, min(e.at) filter (where e.name = 'message.opened') as opened_at,
               min(e.at) filter (where e.name = 'message.clicked') as clicked_at
        from new_events e join automation_sends s on s.uid = (e.data ->> 'uid')::uuid
        where e.name in ('message.opened', 'message.clicked') group by 1, 2
    ), locked as (  -- as they are now: of two that are reported at once, one is the first
        select s.run_id, s.number, s.step, s.at, e.opened_at, e.clicked_at,
               s.opened_at is null and e.opened_at is not null as opened,
               s.clicked_at is null and e.clicked_at is not null as clicked
        from seen e join automation_sends s using (run_id, number) order by 1, 2 for update of s
    ), noted as (
        update automation_sends s set opened_at = coalesce(s.opened_at, l.opened_at),
                                      clicked_at = coalesce(s.clicked_at, l.clicked_at)
        from locked l where s.run_id = l.run_id and s.number = l.number and (l.opened or l.clicked)
    )
    insert into automation_changes (automation_id, version, step, day, kind, name, n)
        select r.automation_id, version_of_run(r.id, r.version, n.at), n.step, (n.at at time zone 'UTC')::date,
               'message', k.name, count(*)
        from locked n join automation_runs r on r.id = n.run_id
        cross join lateral (values ('opened', n.opened), ('clicked', n.clicked)) as k (name, happened)
        where k.happened group by 1, 2, 3, 4, 6;
    return null;
end $$;
