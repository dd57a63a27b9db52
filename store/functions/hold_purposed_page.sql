-- As hold_page, for messages that have a purpose, or are of a key that demands something. p_purposes: what each is for, null
-- for those that are transactional; null: all are. p_key: null: it demands nothing. Those of a test key cost nothing and
-- count nowhere; others are held within what the key may spend in a day.
create or replace function hold_purposed_page(
    p_account bigint, p_channel text, p_uids uuid[], p_recipients text[], p_prices integer[],
    p_schedule timestamptz[], p_on_unknown text[], p_exempt boolean, p_key text, p_test boolean, p_purposes text[]
) returns table (place integer, code text) language plpgsql as $$
declare
    v_prices integer[] := p_prices;
    v_codes  text[];
begin
    if p_test then  -- no wallet is touched, but repeats must wait for each other
        perform pg_advisory_xact_lock(hashtextextended(p_uids[1]::text, 0));
        v_prices := array_fill(0, array[cardinality(p_uids)]);
    else
        perform lock_account(p_account, p_channel, p_uids[1]);
    end if;
    if exists (select from messages m where m.uid = p_uids[1]) then
        return query select (u.n - 1)::integer, m.code
            from unnest(p_uids) with ordinality u (uid, n) join messages m using (uid)
            where (m.state = 'rejected' or m.code in ('account_deleted', 'account_suspended')) and m.gateway_id is null;
        return;
    end if;

    if p_test then
        v_codes := check_test_messages(p_account, p_channel, p_recipients, p_purposes);
    elsif p_key is not null then
        v_codes := take_keyed_credits(p_account, p_channel, p_recipients, p_prices, p_exempt, p_key, p_purposes);
    else
        v_codes := take_credits(p_account, p_channel, p_recipients, p_prices, p_exempt, p_purposes);
    end if;
    insert into messages
            (uid, account_id, channel, recipient, state, code, price, credit, schedule_at, on_unknown, key_id, test, purpose)
        select u.uid, p_account, p_channel, u.recipient,
               case when u.code in ('account_deleted', 'account_suspended') then 'cancelled'
                    when u.code is not null then 'rejected'
                    when u.schedule_at > clock_timestamp() then 'scheduled' else 'queued' end,
               u.code, u.price, case when u.code is null and u.price > 0 then 'held' else 'free' end,
               u.schedule_at, u.on_unknown, p_key, p_test, u.purpose
        from unnest(p_uids, p_recipients, v_prices, p_schedule, p_on_unknown, v_codes, p_purposes)
            as u (uid, recipient, price, schedule_at, on_unknown, code, purpose);
    perform write_holds(p_account, p_channel, p_uids, v_prices, v_codes);
    insert into usage_changes
        select p_account, p_channel, null, uid_day(left(p_uids[1]::text, 13)), cardinality(p_uids), 0, 0,
               cardinality(v_codes) - cardinality(array_positions(v_codes, null)), 0, 0
        where p_uids[1] >= (select uid from usage_mark) and not p_test;
    return query select (u.n - 1)::integer, u.code from unnest(v_codes) with ordinality u (code, n)
        where u.code is not null;
end $$;
