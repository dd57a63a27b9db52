-- Write the holds of an account's messages to the journal; those with a code have none.
create or replace function write_holds(p_account bigint, p_channel text, p_uids uuid[], p_prices integer[], p_codes text[])
returns void language sql as $$
    insert into journal (account_id, channel, uid, attempt, kind, amount)
        select p_account, p_channel, u.uid, 0, 'hold', u.price
        from unnest(p_uids, p_prices, p_codes) as u (uid, price, code) where u.code is null and u.price > 0;
$$;
