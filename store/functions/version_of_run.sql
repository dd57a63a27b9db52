-- The version in which a run was at a time.
create or replace function version_of_run(p_run uuid, p_version integer, p_at timestamptz) returns integer
    language sql stable parallel safe as $$
    select coalesce((select m.version from automation_moves m where m.run_id = p_run and m.until > p_at
                     order by m.until limit 1), p_version)
$$;
