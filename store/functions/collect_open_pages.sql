-- Note the pages of the next p_rows messages after the mark that have no known outcome at the age of p_age, and move the
-- mark past them. Returns how many messages that were. Each is read once, in the order of the primary key; without other
-- ways to read them, a plan made while the table was small does not read all of it later.
create or replace function collect_open_pages(p_age interval, p_rows integer) returns integer language plpgsql
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    v_mark uuid;
    v_last uuid;
    v_read integer;
begin
    select uid into strict v_mark from workflow_checks_mark for update;
    with chunk as materialized (
        select m.uid, m.state from messages m where m.uid > v_mark and m.uid < uid_at(now() - p_age)
        order by m.uid limit p_rows
    ), noted as (
        insert into workflow_checks (id)
            select distinct page_of(c.uid) from chunk c where c.state in ('scheduled', 'queued', 'processing', 'unknown')
        on conflict do nothing
    )
    select count(*), (select c.uid from chunk c order by c.uid desc limit 1) into v_read, v_last from chunk;
    if v_read > 0 then
        update workflow_checks_mark set uid = v_last;
    end if;
    return v_read;
end $$;
