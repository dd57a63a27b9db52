-- The accounts with their enabled gateways on a channel, in the order in which these are tried: own ones first, then by
-- priority. An account without any has one row, without a gateway. A breaker that is open for longer than any pause was
-- opened before the clock was set back: it is over.
--
-- Each `limit 1` keeps the planner from reordering a join, and without sequential scans each step is a look-up in an
-- index, whatever the estimated table sizes. A plan made while they were small would else read all tenants' rows
-- for as long as the connection keeps it.
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
