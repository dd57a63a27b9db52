-- Cancel a recipient's waiting messages. Those in unstarted pages of batches end here. Returns messages that wait in
-- running pages, whose workflows must be signalled: at most p_limit, those after p_after in the order of their uids.
create or replace function opt_out(p_gateway uuid, p_channel text, p_recipient text, p_after uuid, p_limit integer)
returns setof uuid language plpgsql as $$
declare
    v_accounts bigint[] := array(select accounts_heard(p_gateway, p_channel, p_recipient));
    v_spellings text[] := spellings(p_channel, p_recipient);
begin
    if p_after is null then
        insert into suppressions (account_id, channel, recipient, reason)
            select a, p_channel, p_recipient, 'opted_out' from unnest(v_accounts) as a on conflict do nothing;
        update messages m set state = 'cancelled', code = 'opted_out', reason = 'the recipient wants no more messages',
                              credit = 'free', updated_at = clock_timestamp()
            where m.recipient = any(v_spellings) and m.channel = p_channel and m.account_id = any(v_accounts)
              and m.credit = 'pending';
    end if;
    return query select m.uid from messages m
        where m.recipient = any(v_spellings) and m.channel = p_channel and m.account_id = any(v_accounts)
          and m.state in ('scheduled', 'queued', 'processing') and (p_after is null or m.uid > p_after)
        order by m.uid limit p_limit;
end $$;
