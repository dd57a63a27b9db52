-- Whether a message did not arrive, or may not have; the triggers of messages have the same states.
create or replace function is_failure(p_state text) returns boolean language sql immutable parallel safe as $$
    select p_state in ('unknown', 'rejected', 'bounced', 'undelivered', 'expired', 'failed', 'cancelled')
$$;
