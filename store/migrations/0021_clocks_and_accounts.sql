-- What a clock that is set back leaves in the future, and what becomes of messages whose account is suspended or deleted.

-- When slots were last taken: the database's clock was at least there. Where it is behind that now, it was set back, and
-- so are the slots. Null: they were taken by the release before.
alter table gateway_slots add column asked_at timestamptz;

-- As before; but a breaker that is open for longer than any pause was opened before the clock was set back: it is over.
create or replace function gateway_candidates(p_accounts bigint[], p_channel text) returns table (
    account_id bigint, status text, gateway_id uuid, identifier text, version integer, own boolean,
    per_second double precision, on_unknown text, failures integer, open_until timestamptz, out_of_use boolean,
    stopped boolean
) language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
begin
    return query
    select a.id, a.status, g.id, g.identifier, g.version, g.account_id = a.id, g.per_second, g.on_unknown,
           coalesce(b.failures, 0), b.open_until,
           coalesce(b.open_until between clock_timestamp() and clock_timestamp() + interval '10 minutes', false),
           g.mode <> 'active'
    from unnest(p_accounts) as u (id)
    cross join lateral (select * from accounts where accounts.id = u.id limit 1) a
    left join lateral (
        select found.* from usable_gateways(a.id, a.plan_id) as way (id) cross join lateral (
            select * from gateways where gateways.id = way.id and channel = p_channel and enabled limit 1) found
    ) g on true
    left join lateral (select * from gateway_breakers where gateway_breakers.gateway_id = g.id limit 1) b on true
    order by g.account_id = a.id desc, g.priority, g.created_at, g.id;
end $$;

-- As before; but a suspended account is not asked whether its plan has run out meanwhile: what it had accepted waits, and
-- the plan may be renewed before the account is resumed.
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
        elsif not p_exempt and exists (select from suppressions s where s.account_id = p_account and s.channel = p_channel
                      and s.recipient = p_recipients[i]) then
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

-- As before; but what had been accepted of an account that was deleted since is cancelled, not rejected: as in a batch.
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
            where (m.state = 'rejected' or m.code = 'account_deleted') and m.gateway_id is null;
        return;
    end if;

    v_codes := take_credits(p_account, p_channel, p_recipients, p_prices, p_exempt);
    insert into messages (uid, account_id, channel, recipient, state, code, price, credit, schedule_at, on_unknown)
        select u.uid, p_account, p_channel, u.recipient,
               case when u.code = 'account_deleted' then 'cancelled' when u.code is not null then 'rejected'
                    when u.schedule_at > clock_timestamp() then 'scheduled' else 'queued' end,
               u.code, u.price, case when u.code is null and u.price > 0 then 'held' else 'free' end,
               u.schedule_at, u.on_unknown
        from unnest(p_uids, p_recipients, p_prices, p_schedule, p_on_unknown, v_codes)
            as u (uid, recipient, price, schedule_at, on_unknown, code);
    perform write_holds(p_account, p_channel, p_uids, p_prices, v_codes);
    return query select (u.n - 1)::integer, u.code from unnest(v_codes) with ordinality u (code, n)
        where u.code is not null;
end $$;
