-- Write an account's messages of a page and hold their credits. A message that cannot be paid, or must not be sent, is
-- recorded as rejected alone; the others pass. Messages of an account that was deleted since they were accepted are
-- cancelled, and of a suspended one, if its waiting messages are. Returns those that must not be sent: index in the arrays
-- (from 0) and code. All are transactional; others are held by hold_purposed_page.
create or replace function hold_page(
    p_account bigint, p_channel text, p_uids uuid[], p_recipients text[], p_prices integer[],
    p_schedule timestamptz[], p_on_unknown text[], p_exempt boolean
) returns table (place integer, code text) language plpgsql as $$
declare
    v_codes text[];
begin
    perform lock_account(p_account, p_channel, p_uids[1]);
    if exists (select from messages m where m.uid = p_uids[1]) then
        return query select (u.n - 1)::integer, m.code
            from unnest(p_uids) with ordinality u (uid, n) join messages m using (uid)
            where (m.state = 'rejected' or m.code in ('account_deleted', 'account_suspended')) and m.gateway_id is null;
        return;
    end if;

    v_codes := take_credits(p_account, p_channel, p_recipients, p_prices, p_exempt, null);
    insert into messages (uid, account_id, channel, recipient, state, code, price, credit, schedule_at, on_unknown)
        select u.uid, p_account, p_channel, u.recipient,
               case when u.code in ('account_deleted', 'account_suspended') then 'cancelled'
                    when u.code is not null then 'rejected'
                    when u.schedule_at > clock_timestamp() then 'scheduled' else 'queued' end,
               u.code, u.price, case when u.code is null and u.price > 0 then 'held' else 'free' end,
               u.schedule_at, u.on_unknown
        from unnest(p_uids, p_recipients, p_prices, p_schedule, p_on_unknown, v_codes)
            as u (uid, recipient, price, schedule_at, on_unknown, code);
    perform write_holds(p_account, p_channel, p_uids, p_prices, v_codes);
    insert into usage_changes
        select p_account, p_channel, null, uid_day(left(p_uids[1]::text, 13)), cardinality(p_uids), 0, 0,
               cardinality(v_codes) - cardinality(array_positions(v_codes, null)), 0, 0
        where p_uids[1] >= (select uid from usage_mark);
    return query select (u.n - 1)::integer, u.code from unnest(v_codes) with ordinality u (code, n)
        where u.code is not null;
end $$;
