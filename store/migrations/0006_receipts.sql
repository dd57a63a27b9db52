-- What comes back from providers about messages that a gateway took.

-- Which message a provider's id means, for receipts that do not carry our own. Kept for as long as receipts are awaited.
create table receipt_ids (
    gateway_id  uuid not null,
    provider_id text not null,
    uid         uuid not null,
    sent_at     timestamptz not null default clock_timestamp(),
    primary key (gateway_id, provider_id)
);
create index receipt_ids_age on receipt_ids (sent_at);

-- Every event of a message, once however often it is posted.
create table receipts (
    uid         uuid not null,
    key         uuid not null,         -- digest of what identifies the event among those of its message
    kind        text not null,
    at          timestamptz not null,  -- by the provider's clock
    code        text,
    reason      text,
    url         text,
    recipient   text,                  -- whom it is about, where that is not the message's recipient: a copy's
    received_at timestamptz not null default clock_timestamp(),
    primary key (uid, key)
);

alter table messages add column awaited boolean not null default false;  -- a workflow waits for its receipts

-- refunded: the gateway took the message, and reported later that it was not delivered.
alter table messages drop constraint messages_credit_check;
alter table messages add constraint messages_credit_check
    check (credit in ('free', 'pending', 'held', 'captured', 'released', 'refunded'));
alter table journal drop constraint journal_kind_check;
alter table journal add constraint journal_kind_check
    check (kind in ('grant', 'deduct', 'hold', 'capture', 'release', 'refund'));

-- domain/statuses.py has the same ranks, and the reasons for them.
create function state_rank(p_state text) returns integer language sql immutable parallel safe as $$
    select case p_state
        when 'scheduled' then 0 when 'queued' then 0 when 'processing' then 10 when 'unknown' then 15
        when 'sent' then 20 when 'deferred' then 25 when 'delivered' then 40 when 'read' then 50
        else 30 end
$$;

-- A message is paid for if a gateway took it and nobody says that it was not delivered.
create function is_paid(p_state text) returns boolean language sql immutable parallel safe as $$
    select p_state in ('sent', 'deferred', 'delivered', 'read')
$$;

-- As before, but for what was captured and did not arrive, which is given back: in whatever order receipts and the end
-- of the page come, the same is paid.
create or replace function settle_page(p_first uuid, p_last uuid) returns void language plpgsql as $$
declare
    s record;
begin
    -- Twins lock the same rows in whatever order their plans visit them: one after the other they cannot deadlock.
    perform pg_advisory_xact_lock(hashtextextended(p_first::text, 0));

    for s in
        with settled as (
            update messages set credit = case when is_paid(state) then 'captured' else 'released' end
            where uid between p_first and p_last and credit = 'held'
              and state not in ('scheduled', 'queued', 'processing', 'unknown')
            returning uid, account_id, channel, price, credit
        ), written as (
            insert into journal (account_id, channel, uid, attempt, kind, amount)
            select account_id, channel, uid, 0, case credit when 'captured' then 'capture' else 'release' end, price
            from settled
            returning account_id, channel, kind, amount
        )
        select account_id, channel, sum(amount) as all_held,
               coalesce(sum(amount) filter (where kind = 'capture'), 0) as captured,
               coalesce(sum(amount) filter (where kind = 'release'), 0) as released
        from written group by account_id, channel order by account_id, channel
    loop
        update wallets w set held = w.held - s.all_held, spent = w.spent + s.captured, available = w.available + s.released
            where w.account_id = s.account_id and w.channel = s.channel;
    end loop;
end $$;

-- Find the messages that events speak of: by our own id, but only if one of these gateways was given the message; else
-- by the provider's id. No row for those that are not found.
create function find_receipts(p_gateways uuid[], p_uids uuid[], p_provider_ids text[])
returns table (place integer, uid uuid, gateway_id uuid) language sql stable as $$
    select (e.n - 1)::integer, found.uid, found.gateway_id
    from unnest(p_uids, p_provider_ids) with ordinality as e (uid, provider_id, n)
    cross join lateral (
        select a.uid, a.gateway_id, 1 as way from attempts a
            where a.uid = e.uid and a.gateway_id = any(p_gateways)
        union all
        select r.uid, r.gateway_id, 2 from receipt_ids r
            where r.gateway_id = any(p_gateways) and r.provider_id = e.provider_id
        order by way limit 1
    ) as found
$$;

-- Record events of messages, move states up in rank, settle or give back credits, stop sending to who cannot or will
-- not receive. Events about another's mailbox than the message's name it as recipient, and have no state. Returns the
-- events that were new, in their order.
create function apply_receipts(
    p_uids uuid[], p_gateways uuid[], p_keys uuid[], p_kinds text[], p_states text[], p_at timestamptz[],
    p_codes text[], p_reasons text[], p_urls text[], p_provider_ids text[], p_recipients text[], p_suppress text[]
) returns table (place integer, account_id bigint, channel text, moved boolean, awaited boolean) language plpgsql as $$
declare
    v_new integer[];
    v_moved integer[];
    s record;
begin
    -- In one order, so that posts that speak of the same messages cannot deadlock.
    perform from messages m where m.uid = any(p_uids) order by m.uid for update;

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
            returning b.n, m.uid, m.account_id, m.channel, m.price, m.credit, before.credit as credit_before
        ), written as (
            insert into journal as j (account_id, channel, uid, attempt, kind, amount)
            select v.account_id, v.channel, v.uid, 0,
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

    insert into suppressions (account_id, channel, recipient, reason)
        select m.account_id, m.channel, coalesce(p_recipients[n], m.recipient), p_suppress[n]
        from unnest(v_new) as n join messages m on m.uid = p_uids[n] where p_suppress[n] is not null
        on conflict do nothing;
    delete from suppressions x using unnest(v_new) as n join messages m on m.uid = p_uids[n]
        where p_kinds[n] = 'subscribed' and x.reason in ('unsubscribed', 'opted_out')
          and x.account_id = m.account_id and x.channel = m.channel
          and x.recipient = coalesce(p_recipients[n], m.recipient);

    return query select n - 1, m.account_id, m.channel, coalesce(n = any(v_moved), false), m.awaited
        from unnest(v_new) as n join messages m on m.uid = p_uids[n] order by n;
end $$;
