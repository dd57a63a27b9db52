-- Which of these identifiers name no gateway, enabled or not, for the account on a channel. Planned by index whatever
-- the statistics are, as gateway_candidates is.
create or replace function unknown_gateways(p_account bigint, p_channel text, p_identifiers text[])
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
