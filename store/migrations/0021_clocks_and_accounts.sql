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
