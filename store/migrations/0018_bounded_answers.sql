-- What a workflow is answered has a bound, however many messages it concerns.

-- As opt_out before, in parts: at most p_limit of the waiting messages, those after p_after in the order of their uids.
create function opt_out(p_gateway uuid, p_channel text, p_recipient text, p_after uuid, p_limit integer)
returns setof uuid language plpgsql as $$
declare
    v_accounts bigint[] := array(select accounts_heard(p_gateway, p_channel, p_recipient));
begin
    if p_after is null then
        insert into suppressions (account_id, channel, recipient, reason)
            select a, p_channel, p_recipient, 'opted_out' from unnest(v_accounts) as a on conflict do nothing;
        update messages m set state = 'cancelled', code = 'opted_out', reason = 'the recipient wants no more messages',
                              credit = 'free', updated_at = clock_timestamp()
            where m.recipient = p_recipient and m.channel = p_channel and m.account_id = any(v_accounts)
              and m.credit = 'pending';
    end if;
    return query select m.uid from messages m
        where m.recipient = p_recipient and m.channel = p_channel and m.account_id = any(v_accounts)
          and m.state in ('scheduled', 'queued', 'processing') and (p_after is null or m.uid > p_after)
        order by m.uid limit p_limit;
end $$;

-- As next_step, for several messages: those whose fallback becomes due now take the uids of p_free, one after the other.
create function follow_up(p_uids uuid[], p_unless text[], p_late boolean[], p_free uuid[])
returns table (step text, fallback_uid uuid) language plpgsql as $$
declare
    v_next integer := 1;
begin
    -- In one order, so that posts of receipts that speak of the same messages cannot deadlock with this.
    perform from messages m where m.uid = any(p_uids) order by m.uid for update;
    for i in 1 .. cardinality(p_uids) loop
        select s.step, s.page into step, fallback_uid from next_step(p_uids[i], p_unless[i], p_late[i], p_free[v_next]) s;
        if fallback_uid = p_free[v_next] then
            v_next := v_next + 1;
        end if;
        return next;
    end loop;
end $$;

-- Those of some accounts that may send. Planned by index whatever the statistics say: a plan that was made while there
-- were few accounts would read all of them for each message.
create function active_accounts(p_accounts bigint[]) returns setof bigint language plpgsql stable
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
begin
    return query select a.id from accounts a where a.id = any(p_accounts) and a.status = 'active';
end $$;
