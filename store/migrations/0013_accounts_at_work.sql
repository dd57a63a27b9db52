-- What a suspended or deleted account's messages do, which gateways an account may use, and how urgent messages fare.

-- Looked up by account: with the gateway first, finding an account's shares would visit all gateways.
alter table gateway_shares drop constraint gateway_shares_pkey, add primary key (account_id, gateway_id);
drop index gateway_shares_account;
create index gateway_shares_gateway on gateway_shares (gateway_id);

-- The gateways that an account with this plan may use, enabled or not: its own (unless the plan forbids them), those
-- shared with it, and those of the plan. Simple enough for PostgreSQL to make it a part of the statement that calls it.
create function usable_gateways(p_account bigint, p_plan bigint) returns setof uuid language sql stable as $$
    select g.id from gateways g where g.account_id = p_account
        and (p_plan is null or (select p.own_gateways from plans p where p.id = p_plan))
    union
    select s.gateway_id from gateway_shares s where s.account_id = p_account
    union
    select pg.gateway_id from plan_gateways pg where pg.plan_id = p_plan
$$;

-- The accounts with their enabled gateways on a channel, in the order in which these are tried: own ones first, then by
-- priority. An account without any has one row, without a gateway.
-- Each `limit 1` keeps the planner from turning a join round, and without sequential scans each step is a look-up in an
-- index, whatever it believes of the tables' sizes. A plan made while they were small would else read all tenants' rows
-- for as long as the connection keeps it.
create function gateway_candidates(p_accounts bigint[], p_channel text) returns table (
    account_id bigint, status text, gateway_id uuid, identifier text, version integer, own boolean,
    per_second double precision, on_unknown text, failures integer, open_until timestamptz, out_of_use boolean,
    stopped boolean
) language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
begin
    return query
    select a.id, a.status, g.id, g.identifier, g.version, g.account_id = a.id, g.per_second, g.on_unknown,
           coalesce(b.failures, 0), b.open_until, coalesce(b.open_until > clock_timestamp(), false),
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

-- Of these identifiers, those that mean no gateway on a channel to the account, enabled or not. Plans as above.
create function unknown_gateways(p_account bigint, p_channel text, p_identifiers text[])
returns setof text language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
begin
    return query
    select i.identifier from unnest(p_identifiers) as i (identifier)
    except
    select g.identifier
    from (select * from accounts where id = p_account limit 1) a
    cross join lateral usable_gateways(a.id, a.plan_id) as way (id)
    cross join lateral (select * from gateways where gateways.id = way.id and channel = p_channel limit 1) g;
end $$;

-- As before; but what a suspended account had accepted is held like any other's: it goes on when the account does.
create or replace function take_credits(
    p_account bigint, p_channel text, p_recipients text[], p_prices integer[], p_exempt boolean default false
) returns text[] language plpgsql as $$
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
    v_day       date := (clock_timestamp() at time zone 'UTC')::date;
begin
    select w.available into v_available from wallets w where w.account_id = p_account and w.channel = p_channel;
    v_available := coalesce(v_available, 0);
    select a.status, a.plan_expires_at, pc.daily_limit into v_status, v_expires, v_limit
        from accounts a left join plan_channels pc on pc.plan_id = a.plan_id and pc.channel = p_channel
        where a.id = p_account;
    v_status := coalesce(v_status, 'unknown');
    v_whole := case
        when v_status not in ('active', 'suspended') then 'account_' || v_status
        when v_expires < clock_timestamp() then 'plan_expired'
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

-- As before; but what had been accepted of an account that was deleted since is cancelled, not rejected.
create or replace function hold_stored_page(p_account bigint, p_channel text, p_first uuid, p_last uuid)
returns setof uuid language plpgsql as $$
declare
    v_uids       uuid[];
    v_recipients text[];
    v_prices     integer[];
    v_codes      text[];
begin
    perform lock_account(p_account, p_channel, p_first);
    select array_agg(m.uid), array_agg(m.recipient), array_agg(m.price) into v_uids, v_recipients, v_prices
        from (select uid, recipient, price from messages
              where uid between p_first and p_last and credit = 'pending' order by uid for update) m;
    if v_uids is not null then
        v_codes := take_credits(p_account, p_channel, v_recipients, v_prices);
        update messages m set state = case when u.code is null then 'queued' when u.code = 'account_deleted' then 'cancelled'
                                           else 'rejected' end, code = u.code,
                              credit = case when u.code is null and m.price > 0 then 'held' else 'free' end,
                              updated_at = clock_timestamp()
            from unnest(v_uids, v_codes) as u (uid, code) where m.uid = u.uid;
        perform write_holds(p_account, p_channel, v_uids, v_prices, v_codes);
    end if;
    return query select uid from messages
        where uid between p_first and p_last and state not in ('scheduled', 'queued', 'processing');
end $$;

-- Pages with messages that wait until their account is no longer suspended.
create table account_waits (
    page_id    uuid not null,
    account_id bigint not null references accounts (id),
    noted_at   timestamptz not null default clock_timestamp(),
    primary key (account_id, page_id)
);

-- What several processes find can be added up: the waits behind each figure, and the sums of their logarithms (as
-- multiples of what is usual) and of the squares of these. Null in rows of processes that know only `slowdown`.
alter table slowdowns
    add column waits   integer,
    add column logs    double precision,
    add column squares double precision;
