-- A message is charged if a gateway accepted it and no receipt reports that it was not delivered.
create or replace function is_paid(p_state text) returns boolean language sql immutable parallel safe as $$
    select p_state in ('sent', 'deferred', 'delivered', 'read')
$$;
