-- The hash of an audit event: of all that is stored, and of the event before.
create or replace function audit_hash(p_before bytea, p_id bigint, p_at timestamptz, p_action text, p_outcome text,
    p_actor text, p_target text, p_event jsonb) returns bytea language sql stable parallel safe as $$
    select sha256(coalesce(p_before, '') || convert_to(jsonb_build_array(
        p_id, (extract(epoch from p_at) * 1000000)::bigint, p_action, p_outcome, p_actor, p_target, p_event)::text, 'UTF8'))
$$;
