-- Remove messages that were not sent from the daily limit of the day on which they were counted. What a gateway
-- accepted, or may have accepted, counts as sent.
create or replace function uncount(p_account bigint, p_channel text, p_uids uuid[]) returns void language sql
set enable_seqscan = off
as $$
    update daily_usage d set messages = greatest(0, d.messages - back.messages)
    from (select (j.at at time zone a.time_zone)::date as day, count(*) as messages
          from accounts a join journal j on j.uid = any(p_uids) and j.kind = 'hold'
          where a.id = p_account and not exists (
              select from attempts t where t.uid = j.uid and coalesce(t.outcome, 'unknown') in ('accepted', 'unknown'))
          group by 1) as back
    where d.account_id = p_account and d.channel = p_channel and d.day = back.day
$$;
