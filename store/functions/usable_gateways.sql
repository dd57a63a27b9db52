-- The gateways that an account with this plan may use, enabled or not: its own (unless the plan forbids them), those
-- shared with it, and those of the plan. Deleted ones are neither shared nor in a plan. Simple enough for PostgreSQL to
-- inline it.
create or replace function usable_gateways(p_account bigint, p_plan bigint) returns setof uuid language sql stable as $$
    select g.id from gateways g where g.account_id = p_account and g.deleted_at is null
        and (p_plan is null or (select p.own_gateways from plans p where p.id = p_plan))
    union
    select s.gateway_id from gateway_shares s where s.account_id = p_account
    union
    select pg.gateway_id from plan_gateways pg where pg.plan_id = p_plan
$$;
