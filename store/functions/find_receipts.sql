-- Find the messages of events: by our own id, but only if one of these gateways was given the message; else
-- by the provider's id. No row for those that are not found.
create or replace function find_receipts(p_gateways uuid[], p_uids uuid[], p_provider_ids text[])
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
