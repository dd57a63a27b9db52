-- Record events of messages, advance states by rank, settle or refund credits, stop sending to recipients who cannot or
-- will not receive. Events about a copy's mailbox name it as recipient, and have no state. Who
-- subscribes again is found by recipient_key. Of a message that was replayed, what is reported of an attempt before counts
-- only if it arrived. Returns the events that were new, in their order.
create or replace function apply_receipts(
    p_uids uuid[], p_gateways uuid[], p_keys uuid[], p_kinds text[], p_states text[], p_at timestamptz[],
    p_codes text[], p_reasons text[], p_urls text[], p_provider_ids text[], p_recipients text[], p_suppress text[]
) returns table (place integer, account_id bigint, channel text, moved boolean, awaited boolean) language plpgsql as $$
declare
    v_new integer[];
    v_moved integer[];
    v_accounts bigint[];
    s record;
begin
    -- In one order, so that posts about the same messages cannot deadlock.
    select array_agg(distinct locked.account_id) into v_accounts from (
        select m.account_id from unnest(p_uids) as u (uid) join messages m using (uid) order by m.uid for update of m
    ) as locked;

    with written as (
        insert into receipts as r (uid, key, kind, at, code, reason, url, recipient)
        select e.uid, e.key, e.kind, e.at, e.code, e.reason, e.url, e.recipient
        from unnest(p_uids, p_keys, p_kinds, p_at, p_codes, p_reasons, p_urls, p_recipients)
            as e (uid, key, kind, at, code, reason, url, recipient)
        on conflict do nothing
        returning r.uid, r.key
    )
    select array_agg(n order by n) into v_new from (
        select min(e.n)::integer as n from unnest(p_uids, p_keys) with ordinality as e (uid, key, n)
            join written w on w.uid = e.uid and w.key = e.key group by e.uid, e.key
    ) as firsts;
    if v_new is null then
        return;
    end if;

    -- Of several states the highest; of several negatives the first.
    for s in
        with best as (
            select distinct on (p_uids[n]) n, p_uids[n] as uid from unnest(v_new) as n
            where p_states[n] is not null order by p_uids[n], state_rank(p_states[n]) desc, p_at[n], n
        ), moved as (
            update messages m set
                state = p_states[b.n], code = p_codes[b.n], reason = p_reasons[b.n],
                credit = case when m.credit = 'held'
                              then case when is_paid(p_states[b.n]) then 'captured' else 'released' end
                              when m.credit = 'captured' and not is_paid(p_states[b.n]) then 'refunded'
                              else m.credit end,
                gateway_id = coalesce(m.gateway_id, p_gateways[b.n]),
                provider_id = coalesce(m.provider_id, p_provider_ids[b.n]),
                receipts = true, updated_at = clock_timestamp()
            from best b join messages before on before.uid = b.uid
            where m.uid = b.uid and state_rank(p_states[b.n]) > state_rank(m.state)
              and (m.replays is null or state_rank(p_states[b.n]) >= state_rank('delivered') or not exists (
                  select from attempts a where a.uid = b.uid and a.outcome = 'accepted'
                      and a.provider_id = p_provider_ids[b.n] and a.provider_id is distinct from m.provider_id))
            returning b.n, m.uid, m.account_id, m.channel, m.price, m.credit, before.credit as credit_before,
                      coalesce(m.replays, 0) as round
        ), written as (
            insert into journal as j (account_id, channel, uid, attempt, kind, amount)
            select v.account_id, v.channel, v.uid, v.round,
                   case v.credit when 'captured' then 'capture' when 'released' then 'release' else 'refund' end, v.price
            from moved v where v.credit <> v.credit_before
            returning j.account_id, j.channel, j.kind, j.amount
        ), sums as (
            select w.account_id, w.channel,
                   coalesce(sum(amount) filter (where kind = 'capture'), 0) as captured,
                   coalesce(sum(amount) filter (where kind = 'release'), 0) as released,
                   coalesce(sum(amount) filter (where kind = 'refund'), 0) as refunded
            from written w group by w.account_id, w.channel
        )
        select (select array_agg(v.n) from moved v) as moved, sums.*
        from (select) as always left join sums on true order by sums.account_id, sums.channel
    loop
        v_moved := s.moved;
        update wallets w set
            held = w.held - s.captured - s.released, spent = w.spent + s.captured - s.refunded,
            available = w.available + s.released + s.refunded
        where w.account_id = s.account_id and w.channel = s.channel;
    end loop;

    insert into suppressions (account_id, channel, recipient, reason, uid)
        select m.account_id, m.channel, coalesce(p_recipients[n], m.recipient), p_suppress[n], m.uid
        from unnest(v_new) as n join messages m on m.uid = p_uids[n] where p_suppress[n] is not null
        on conflict do nothing;
    delete from suppressions x using unnest(v_new) as n join messages m on m.uid = p_uids[n]
        where p_kinds[n] = 'subscribed' and x.reason in ('unsubscribed', 'opted_out')
          and x.account_id = m.account_id and x.channel = m.channel
          and recipient_key(x.channel, x.recipient) = recipient_key(m.channel, coalesce(p_recipients[n], m.recipient));

    if p_kinds && array['complained', 'bounced', 'undelivered'] then
        perform note_bad_reports(p_uids, p_kinds, v_new, v_moved);
        perform suppress_soft_bounces(p_uids, p_kinds, v_moved);
    end if;
    perform note_contact_events(v_accounts, p_uids, p_keys, p_kinds, p_at, p_codes, p_urls, p_recipients, v_new);

    return query select n - 1, m.account_id, m.channel, coalesce(n = any(v_moved), false), m.awaited
        from unnest(v_new) as n join messages m on m.uid = p_uids[n] order by n;
end $$;
