-- domain/statuses.py has the same ranks, and the reasons for them.
create or replace function state_rank(p_state text) returns integer language sql immutable parallel safe as $$
    select case p_state
        when 'scheduled' then 0 when 'queued' then 0 when 'processing' then 10 when 'unknown' then 15
        when 'sent' then 20 when 'deferred' then 25 when 'delivered' then 40 when 'read' then 50
        else 30 end
$$;
