-- Keys of messages that arrived together, by their digests.
create or replace function claim_deliveries(p_gateway uuid, p_digests bytea[], p_handful uuid, p_within interval)
returns uuid[] language plpgsql as $$
declare
    v_keys uuid[] := '{}';
    v_key  uuid;
begin
    for i in 1 .. cardinality(p_digests) loop
        update unanswered_deliveries set handful = p_handful, tried_at = clock_timestamp()
            where key = (select d.key from unanswered_deliveries d
                         where d.gateway_id = p_gateway and d.digest = p_digests[i] and d.handful <> p_handful
                           and d.tried_at > clock_timestamp() - p_within
                         order by d.tried_at limit 1 for update skip locked)
            returning key into v_key;
        if not found then
            insert into unanswered_deliveries (gateway_id, digest, handful) values (p_gateway, p_digests[i], p_handful)
                returning key into v_key;
        end if;
        v_keys := v_keys || v_key;
    end loop;
    return v_keys;
end $$;
