-- Cancel messages of an account that have no outcome, and release their credits, as settle_page does. What is being handed
-- to a gateway is left alone: it gets its outcome. The uids are in their order. Returns those that were cancelled.
--
-- Nobody may begin to hand them over meanwhile: the caller sees to it that the account is not active.
create or replace function cancel_waiting(p_account bigint, p_uids uuid[], p_code text, p_reason text) returns setof uuid
language plpgsql set enable_seqscan = off as $$
declare
    v_first uuid := p_uids[1];
    v_last  uuid := p_uids[cardinality(p_uids)];
    v_uids  uuid[];
begin
    -- What waits for a phone has an intent, but nobody has it.
    with withdrawn as (
        delete from device_messages where uid = any(p_uids) and account_id = p_account and state = 'waiting'
        returning uid, attempt
    )
    delete from attempts a using withdrawn w
    where a.uid = w.uid and a.attempt = w.attempt and a.outcome is null and a.uid between v_first and v_last;
    -- In one order, and messages before wallets, as settle_page has it: they cannot deadlock.
    select array_agg(uid) into v_uids from (
        select m.uid from messages m
        where m.uid = any(p_uids) and m.uid between v_first and v_last and m.account_id = p_account
          and m.state in ('scheduled', 'queued', 'processing')
          and not exists (select from attempts a where a.uid = m.uid and a.uid between v_first and v_last
                          and a.outcome is null)
        order by m.uid for update of m) as open;
    update messages set state = 'cancelled', code = p_code, reason = p_reason, updated_at = clock_timestamp(),
        credit = case credit when 'pending' then 'free' else credit end
        where uid = any(v_uids) and uid between v_first and v_last;
    perform settle_page(page, page_end(page)) from (select distinct page_of(u) as page from unnest(v_uids) as u order by 1) as p;
    return query select unnest(v_uids);
end $$;
