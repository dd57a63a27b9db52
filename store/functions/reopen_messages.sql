-- Have messages of an account that failed wait to be sent again, each if its credits can be held, and nothing stands against
-- it by now, as take_credits has it. The caller has locked them in the order of their uids. Those that may have arrived
-- (p_unknown) keep the state unknown and the credits that are held for them. Returns each with why it stays as it is; null:
-- it waits.
create or replace function reopen_messages(
    p_account bigint, p_channel text, p_key text, p_test boolean, p_exempt boolean, p_unknown boolean, p_uids uuid[]
) returns table (message uuid, code text) language plpgsql
set enable_seqscan = off
as $$
declare
    v_first      uuid := p_uids[1];
    v_last       uuid := p_uids[cardinality(p_uids)];
    v_recipients text[];
    v_prices     integer[];
    v_purposes   text[];
    v_codes      text[];
    v_uids       uuid[];
begin
    select array_agg(m.recipient order by m.uid), array_agg(m.price order by m.uid),
           case when count(m.purpose) > 0 then array_agg(m.purpose order by m.uid) end
        into v_recipients, v_prices, v_purposes
        from messages m where m.uid = any(p_uids) and m.uid between v_first and v_last;
    if p_test or p_unknown then
        v_codes := check_test_messages(p_account, p_channel, v_recipients, v_purposes);
    else
        perform lock_account(p_account, p_channel, v_first);
        v_codes := case
            when p_key is not null
            then take_keyed_credits(p_account, p_channel, v_recipients, v_prices, p_exempt, p_key, v_purposes)
            else take_credits(p_account, p_channel, v_recipients, v_prices, p_exempt, v_purposes) end;
    end if;
    v_uids := array(select u.uid from unnest(p_uids, v_codes) as u (uid, code) where u.code is null order by 1);
    if p_unknown then  -- not to be ended as too old meanwhile
        update messages m set updated_at = clock_timestamp()
            where m.uid = any(v_uids) and m.uid between v_first and v_last;
    else
        with reopened as (
            update messages m set replays = coalesce(m.replays, 0) + 1, code = null, reason = null, gateway_id = null,
                provider_id = null, receipts = false, credit = case when m.price > 0 then 'held' else 'free' end,
                state = case when exists (select from attempts a where a.uid = m.uid and a.uid between v_first and v_last
                                              and coalesce(a.outcome, 'unknown') = 'unknown') then 'unknown'
                             when m.schedule_at > clock_timestamp() then 'scheduled' else 'queued' end,
                updated_at = clock_timestamp()
            where m.uid = any(v_uids) and m.uid between v_first and v_last
            returning m.uid, m.replays, m.price
        )
        insert into journal (account_id, channel, uid, attempt, kind, amount)
            select p_account, p_channel, r.uid, r.replays, 'hold', r.price from reopened r where r.price > 0;
        insert into workflow_checks (id) select distinct page_of(u) from unnest(v_uids) as u on conflict do nothing;
    end if;
    return query select u.uid, u.code from unnest(p_uids, v_codes) as u (uid, code);
end $$;
