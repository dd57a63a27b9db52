-- Hold the credits of a page of a batch, whose messages are stored already. Returns those that must not be
-- sent: refused here, or cancelled before they were started, e.g. because their account was deleted.
create or replace function hold_stored_page(p_account bigint, p_channel text, p_first uuid, p_last uuid)
returns setof uuid language plpgsql as $$
declare
    v_uids       uuid[];
    v_recipients text[];
    v_prices     integer[];
    v_codes      text[];
    v_key        text;
    v_test       boolean;
    v_purposes   text[];
begin
    perform lock_account(p_account, p_channel, p_first);
    select array_agg(m.uid), array_agg(m.recipient), array_agg(m.price), max(m.key_id), bool_or(m.test),
           case when count(m.purpose) > 0 then array_agg(m.purpose) end
        into v_uids, v_recipients, v_prices, v_key, v_test, v_purposes
        from (select uid, recipient, price, key_id, test, purpose from messages
              where uid between p_first and p_last and credit = 'pending' order by uid for update) m;
    if v_uids is not null then
        v_codes := case
            when v_test then check_test_messages(p_account, p_channel, v_recipients, v_purposes)
            when v_key is not null
            then take_keyed_credits(p_account, p_channel, v_recipients, v_prices, false, v_key, v_purposes)
            else take_credits(p_account, p_channel, v_recipients, v_prices, false, v_purposes) end;
        update messages m set state = case when u.code is null then 'queued'
                                           when u.code in ('account_deleted', 'account_suspended') then 'cancelled'
                                           else 'rejected' end, code = u.code,
                              credit = case when u.code is null and m.price > 0 then 'held' else 'free' end,
                              updated_at = clock_timestamp()
            from unnest(v_uids, v_codes) as u (uid, code) where m.uid = u.uid;
        perform write_holds(p_account, p_channel, v_uids, v_prices, v_codes);
    end if;
    return query select uid from messages
        where uid between p_first and p_last and state not in ('scheduled', 'queued', 'processing');
end $$;
