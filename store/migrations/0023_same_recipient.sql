-- Who wants no more messages is asked about by a form that all spellings of a recipient share.

-- Mail servers do not tell letters' case in names apart. Of mobile numbers WhatsApp, and the networks, use two forms in
-- some countries: in Brazil with and without the ninth digit, in Mexico with and without a 1, in Argentina a 9.
create function recipient_key(p_channel text, p_recipient text) returns text
language sql immutable parallel safe as $$
    select case
        when p_channel = 'email' then lower(p_recipient)
        when p_recipient like '+55%' then regexp_replace(p_recipient, '^(\+55\d\d)9(\d{8})$', '\1\2')
        when p_recipient like '+521%' then regexp_replace(p_recipient, '^\+521(\d{10})$', '+52\1')
        when p_recipient like '+549%' then regexp_replace(p_recipient, '^\+549(\d{10})$', '+54\1')
        else p_recipient end
$$;

-- All the forms of a telephone number, to find it by index; of other recipients the one that is given.
create function spellings(p_channel text, p_recipient text) returns text[]
language sql immutable parallel safe as $$
    select case
        when p_channel = 'email' then array[p_recipient]
        when k.key ~ '^\+55\d{10}$' then array[p_recipient, k.key, regexp_replace(k.key, '^(\+55\d\d)', '\19')]
        when k.key ~ '^\+52\d{10}$' then array[p_recipient, k.key, regexp_replace(k.key, '^\+52', '+521')]
        when k.key ~ '^\+54\d{10}$' then array[p_recipient, k.key, regexp_replace(k.key, '^\+54', '+549')]
        else array[p_recipient] end
    from (select recipient_key(p_channel, p_recipient) as key) as k
$$;

create or replace function accounts_heard(p_gateway uuid, p_channel text, p_recipient text)
returns setof bigint language sql stable as $$
    select g.account_id from gateways g where g.id = p_gateway
    union
    select m.account_id from messages m
        where m.recipient = any(spellings(p_channel, p_recipient)) and m.channel = p_channel and m.gateway_id = p_gateway
$$;

create or replace function opt_out(p_gateway uuid, p_channel text, p_recipient text, p_after uuid, p_limit integer)
returns setof uuid language plpgsql as $$
declare
    v_accounts bigint[] := array(select accounts_heard(p_gateway, p_channel, p_recipient));
    v_spellings text[] := spellings(p_channel, p_recipient);
begin
    if p_after is null then
        insert into suppressions (account_id, channel, recipient, reason)
            select a, p_channel, p_recipient, 'opted_out' from unnest(v_accounts) as a on conflict do nothing;
        update messages m set state = 'cancelled', code = 'opted_out', reason = 'the recipient wants no more messages',
                              credit = 'free', updated_at = clock_timestamp()
            where m.recipient = any(v_spellings) and m.channel = p_channel and m.account_id = any(v_accounts)
              and m.credit = 'pending';
    end if;
    return query select m.uid from messages m
        where m.recipient = any(v_spellings) and m.channel = p_channel and m.account_id = any(v_accounts)
          and m.state in ('scheduled', 'queued', 'processing') and (p_after is null or m.uid > p_after)
        order by m.uid limit p_limit;
end $$;

-- As before; but a suspended account is not asked whether its plan has run out meanwhile: what it had accepted waits, and
-- the plan may be renewed before the account is resumed.
-- And who wants no more messages is asked about by that form.
create or replace function take_credits(
    p_account bigint, p_channel text, p_recipients text[], p_prices integer[], p_exempt boolean default false
) returns text[] language plpgsql
set enable_seqscan = off
as $$
declare
    v_status    text;
    v_expires   timestamptz;
    v_limit     bigint;
    v_used      bigint := 0;
    v_available bigint;
    v_held      bigint := 0;
    v_whole     text;
    v_codes     text[] := array_fill(null::text, array[cardinality(p_recipients)]);
    v_passed    bigint := 0;
    v_day       date;
begin
    select w.available into v_available from wallets w where w.account_id = p_account and w.channel = p_channel;
    v_available := coalesce(v_available, 0);
    select a.status, case when not a.plan_renews then a.plan_expires_at end, pc.daily_limit,
           (now() at time zone a.time_zone)::date
        into v_status, v_expires, v_limit, v_day
        from accounts a left join plan_channels pc on pc.plan_id = a.plan_id and pc.channel = p_channel
        where a.id = p_account;
    v_status := coalesce(v_status, 'unknown');
    v_whole := case
        when v_status not in ('active', 'suspended') then 'account_' || v_status
        when v_status = 'active' and v_expires < clock_timestamp() then 'plan_expired'
    end;
    if v_limit is not null then
        insert into daily_usage as d values (p_account, p_channel, v_day, 0)
            on conflict (account_id, channel, day) do update set messages = d.messages returning messages into v_used;
    end if;

    for i in 1 .. cardinality(p_recipients) loop
        if v_whole is not null then
            v_codes[i] := v_whole;
        elsif not p_exempt and exists (
            select from suppressions s where s.account_id = p_account and s.channel = p_channel
                and recipient_key(s.channel, s.recipient) = recipient_key(p_channel, p_recipients[i])
        ) then
            v_codes[i] := 'suppressed';
        elsif v_limit is not null and v_used + v_passed >= v_limit then
            v_codes[i] := 'daily_limit';
        elsif v_held + p_prices[i] > v_available then
            v_codes[i] := 'no_credit';
        else
            v_held := v_held + p_prices[i];
            v_passed := v_passed + 1;
        end if;
    end loop;

    if v_held > 0 then
        update wallets w set available = w.available - v_held, held = w.held + v_held
            where w.account_id = p_account and w.channel = p_channel;
    end if;
    if v_limit is not null and v_passed > 0 then
        update daily_usage d set messages = d.messages + v_passed
            where d.account_id = p_account and d.channel = p_channel and d.day = v_day;
    end if;
    return v_codes;
end $$;

-- As before, but who subscribes again is found by that form.
create or replace function apply_receipts(
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
          and recipient_key(x.channel, x.recipient) = recipient_key(m.channel, coalesce(p_recipients[n], m.recipient));

    return query select n - 1, m.account_id, m.channel, coalesce(n = any(v_moved), false), m.awaited
        from unnest(v_new) as n join messages m on m.uid = p_uids[n] order by n;
end $$;
