-- Give released credits back to what keys may spend, on the days on which they were held. p_keys: the key of each
-- message; p_rounds: the attempt of the hold that is released, null: 0. Rows are locked in one order, so that settlements
-- of two channels cannot deadlock.
drop function if exists unspend(bigint, uuid[], text[]);
create or replace function unspend(p_account bigint, p_uids uuid[], p_keys text[], p_rounds smallint[] default null)
returns void language plpgsql
set enable_seqscan = off
as $$
declare
    s record;
begin
    for s in
        select u.key_id, (j.at at time zone a.time_zone)::date as day, sum(j.amount) as credits
        from unnest(p_uids, p_keys, p_rounds) as u (uid, key_id, round)
        join journal j on j.uid = u.uid and j.attempt = coalesce(u.round, 0) and j.kind = 'hold'
        join accounts a on a.id = p_account
        group by 1, 2 order by 1, 2
    loop
        update key_spend k set credits = greatest(0, k.credits - s.credits)
            where k.key_id = s.key_id and k.day = s.day;
    end loop;
end $$;
