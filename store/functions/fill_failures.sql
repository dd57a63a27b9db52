-- Note the failures among the next p_rows messages from before there was a list of them, the newest first. Returns how
-- many messages were read; 0: all were. The lock makes a message that changes meanwhile be noted as it is in the end.
create or replace function fill_failures(p_rows integer) returns integer language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
declare
    v_below uuid;
    v_from  uuid;
    v_read  integer;
begin
    select below into v_below from failures_unfilled for update;
    if not found then
        return 0;
    end if;
    select count(*), (array_agg(c.uid))[count(*)] into v_read, v_from
        from (select m.uid from messages m where m.uid < v_below order by m.uid desc limit p_rows) as c;
    if v_read = 0 then
        delete from failures_unfilled;
        return 0;
    end if;
    insert into failures (uid, account_id, channel, gateway_id, state, code, at)
        select m.uid, m.account_id, m.channel, m.gateway_id, m.state, m.code, m.updated_at
        from messages m where m.uid >= v_from and m.uid < v_below and is_failure(m.state) order by m.uid for share
        on conflict do nothing;
    update failures_unfilled set below = v_from;
    return v_read;
end $$;
