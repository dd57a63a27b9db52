-- Whether a state makes a fallback unnecessary.
create or replace function is_needless(p_unless text, p_state text) returns boolean language sql immutable parallel safe as $$
    select p_state = 'read' or (p_state = 'delivered' and p_unless = 'delivered')
$$;
