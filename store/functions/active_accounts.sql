-- Which of these accounts may send. Planned by index whatever the statistics are: a plan that was made while there
-- were few accounts would read all of them for each message.
create or replace function active_accounts(p_accounts bigint[]) returns setof bigint language plpgsql stable
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
begin
    return query select a.id from accounts a where a.id = any(p_accounts) and a.status = 'active';
end $$;
