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
    return null;
end $$;
