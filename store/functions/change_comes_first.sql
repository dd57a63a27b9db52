-- Whether another plan was scheduled for an account, for no later than the end of its plan's period.
create or replace function change_comes_first(p_account bigint, p_end timestamptz) returns boolean language sql stable as $$
    select exists (select from plan_changes c where c.account_id = p_account and (c.at is null or c.at <= p_end))
$$;
