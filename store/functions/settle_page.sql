-- Settle the credits of a page's final messages, of all accounts that share it: accepted ones are captured, and
-- refunded if they did not arrive; others are released, also from the daily limit; unknown ones stay
-- held until a receipt or an operator decides. The result does not depend on the order of receipts and the page's end.
-- Wallets are locked in one order, so that two pages cannot deadlock. Entries of messages that were replayed have their number
-- of replays as that of the attempt.
create or replace function settle_page(p_first uuid, p_last uuid) returns void language plpgsql as $$
declare
    s record;
begin
    -- Concurrent repeats would lock the same rows in any order: one after the other they cannot deadlock.
    perform pg_advisory_xact_lock(hashtextextended(p_first::text, 0));

    for s in
        with settled as (
            update messages set credit = case when is_paid(state) then 'captured' else 'released' end
            where uid between p_first and p_last and credit = 'held'
              and state not in ('scheduled', 'queued', 'processing', 'unknown')
            returning uid, account_id, channel, price, credit, key_id, coalesce(replays, 0)::smallint as round
        ), written as (
            insert into journal (account_id, channel, uid, attempt, kind, amount)
            select account_id, channel, uid, round, case credit when 'captured' then 'capture' else 'release' end, price
            from settled
        )
        select account_id, channel, sum(price) as all_held,
               coalesce(sum(price) filter (where credit = 'captured'), 0) as captured,
               coalesce(sum(price) filter (where credit = 'released'), 0) as released,
               array_agg(uid) filter (where credit = 'released') as unpaid,
               array_agg(round) filter (where credit = 'released') as unpaid_rounds,
               array_agg(uid) filter (where credit = 'released' and key_id is not null) as unspent,
               array_agg(round) filter (where credit = 'released' and key_id is not null) as unspent_rounds,
               array_agg(key_id) filter (where credit = 'released' and key_id is not null) as of_keys
        from settled group by account_id, channel order by account_id, channel
    loop
        update wallets w set held = w.held - s.all_held, spent = w.spent + s.captured, available = w.available + s.released
            where w.account_id = s.account_id and w.channel = s.channel;
        if s.unpaid is not null then
            perform uncount(s.account_id, s.channel, s.unpaid, s.unpaid_rounds);
        end if;
        if s.unspent is not null then
            perform unspend(s.account_id, s.unspent, s.of_keys, s.unspent_rounds);
        end if;
    end loop;
end $$;
