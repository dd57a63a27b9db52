-- When the p_number-th period of a plan that began at this time ends, in the account's time zone. Null: never.
create or replace function period_end(p_began timestamptz, p_zone text, p_period text, p_number integer)
returns timestamptz language sql stable as $$
    select case when p_period <> 'forever'
                then (p_began at time zone p_zone + p_number * ('1 ' || p_period)::interval) at time zone p_zone end
$$;
