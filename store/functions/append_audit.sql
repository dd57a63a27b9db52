-- Appends an audit event. Until the caller's transaction ends nobody else appends one: ids have no gaps, and each hash
-- covers the event before.
create or replace function append_audit(p_action text, p_outcome text, p_actor text, p_target text, p_event jsonb)
returns bigint language plpgsql as $$
declare
    v_last audit_events;
    v_id   bigint;
    v_at   timestamptz;
begin
    perform pg_advisory_xact_lock(hashtextextended('audit_events', 0));
    select * into v_last from audit_events order by id desc limit 1;
    v_id := coalesce(v_last.id, 0) + 1;
    v_at := clock_timestamp();
    insert into audit_events (id, at, action, outcome, actor, target, event, hash)
    values (v_id, v_at, p_action, p_outcome, p_actor, p_target, p_event,
            audit_hash(v_last.hash, v_id, v_at, p_action, p_outcome, p_actor, p_target, p_event));
    return v_id;
end $$;
