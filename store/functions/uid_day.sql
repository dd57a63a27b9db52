-- The day (UTC) of uids, given the first 13 characters of one: its time. A wrong clock cannot reach a year that has five
-- digits, which few programs read.
create or replace function uid_day(p_time text) returns date language sql immutable strict parallel safe as $$
    select date '1970-01-01' + least(('x' || replace(p_time, '-', ''))::bit(48)::bigint / 86400000, 2932896)::integer
$$;
