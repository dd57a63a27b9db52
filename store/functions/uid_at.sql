-- The smallest uid of a time.
create or replace function uid_at(p_at timestamptz) returns uuid language sql stable strict parallel safe as $$
    select (lpad(to_hex(floor(extract(epoch from p_at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
