-- Remove messages that were not sent from the daily limit of the day on which they were counted. What a gateway
-- accepted, or may have accepted, counts as sent. p_rounds: the attempt of the hold that is released, null: 0; of a message
-- that was replayed only what was tried since then matters.
drop function if exists uncount(bigint, text, uuid[]);
create or replace function uncount(p_account bigint, p_channel text, p_uids uuid[], p_rounds smallint[] default null)
returns void language sql
set enable_seqscan = off
as $$
    update daily_usage d set messages = greatest(0, d.messages - back.messages)
    from (select (j.at at time zone a.time_zone)::date as day, count(*) as messages
          from accounts a cross join unnest(p_uids, p_rounds) as u (uid, round)
          join journal j on j.uid = u.uid and j.attempt = coalesce(u.round, 0) and j.kind = 'hold'
          where a.id = p_account and not exists (
              select from attempts t where t.uid = j.uid and coalesce(t.outcome, 'unknown') in ('accepted', 'unknown')
                  and (coalesce(u.round, 0) = 0 or t.started_at >= j.at))
          group by 1) as back
    where d.account_id = p_account and d.channel = p_channel and d.day = back.day
$$;
