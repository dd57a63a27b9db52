-- Trigger of messages: add to the counters what a statement changed, whichever it was. Each message counts as it is now, and no
-- longer as it was before, so the counters always equal a count of all messages but those of test keys. Those of one statement share few
-- accounts, gateways and times, so it adds few rows.
create or replace function count_messages() returns trigger language plpgsql as $$
begin
    if not exists (select from message_is) then
        return null;
    end if;
    insert into usage_changes (account_id, channel, gateway_id, day, accepted, sent, delivered, failed, unknown, credits)
    select account_id, channel, gateway_id, uid_day(time), accepted, sent, delivered, failed, unknown, credits
    from (
        select account_id, channel, gateway_id, time, sum(n) as accepted,
               coalesce(sum(n) filter (where state in ('sent', 'deferred')), 0) as sent,
               coalesce(sum(n) filter (where state in ('delivered', 'read')), 0) as delivered,
               coalesce(sum(n) filter (where state in ('rejected', 'bounced', 'undelivered', 'expired', 'failed',
                                                       'cancelled')), 0) as failed,
               coalesce(sum(n) filter (where state = 'unknown'), 0) as unknown,
               coalesce(sum(n * price) filter (where credit = 'captured'), 0) as credits
        from (select account_id, channel, gateway_id, left(uid::text, 13) as time, state, credit, price, 1 as n
              from message_is where uid >= (select uid from usage_mark) and not test
              union all
              select account_id, channel, gateway_id, left(uid::text, 13), state, credit, price, -1
              from message_was where uid >= (select uid from usage_mark) and not test) as m
        group by account_id, channel, gateway_id, time
    ) as changed
    where accepted <> 0 or sent <> 0 or delivered <> 0 or failed <> 0 or unknown <> 0 or credits <> 0;
    -- Messages of automations, by the step that sent them: for other accounts it costs one look.
    if exists (select from automations a where a.account_id in (select m.account_id from message_is m)) then
        insert into automation_changes (automation_id, version, step, day, kind, name, n)
        select r.automation_id, version_of_run(r.id, r.version, s.at), s.step, (s.at at time zone 'UTC')::date, 'message',
               m.name, sum(m.n)
        from (
            select uid, n, case when state in ('sent', 'deferred') then 'sent'
                                when state in ('delivered', 'read') then 'delivered'
                                when state in ('rejected', 'bounced', 'undelivered', 'expired', 'failed', 'cancelled')
                                then 'failed' when state = 'unknown' then 'unknown' end as name
            from (select uid, state, 1 as n from message_is where not test
                  union all select uid, state, -1 from message_was where not test) as both_times
        ) as m
        join automation_sends s on s.uid = m.uid join automation_runs r on r.id = s.run_id
        where m.name is not null group by 1, 2, 3, 4, 6 having sum(m.n) <> 0;
    end if;
    return null;
end $$;
