-- The next step for messages with a fallback: 'done', 'wait' for a receipt, or 'send' the fallback, whose uid is then
-- fixed. Those whose fallback becomes due now take the uids of p_free, one after the other. A repeated call gives the same
-- answer.
create or replace function follow_up(p_uids uuid[], p_unless text[], p_late boolean[], p_free uuid[])
returns table (step text, fallback_uid uuid) language plpgsql as $$
declare
    v_next integer := 1;
begin
    -- In one order, so that receipts of the same messages cannot deadlock with this.
    perform from unnest(p_uids) as u (uid) join messages m using (uid) order by m.uid for update of m;
    for i in 1 .. cardinality(p_uids) loop
        select s.step, s.page into step, fallback_uid from next_step(p_uids[i], p_unless[i], p_late[i], p_free[v_next]) s;
        if fallback_uid = p_free[v_next] then
            v_next := v_next + 1;
        end if;
        return next;
    end loop;
end $$;
