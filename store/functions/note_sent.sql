-- Record with contacts that gateways have accepted messages to them, once for each message. Returns how many were
-- recorded. Most accounts have no contacts: they cost one look for each account.
create or replace function note_sent(p_accounts bigint[], p_uids uuid[], p_channels text[], p_recipients text[])
returns bigint language plpgsql as $$
declare
    v_accounts bigint[] := array(
        select a.id from (select distinct unnest(p_accounts) as id) as a
        where exists (select from contacts c where c.account_id = a.id));
    v_month uuid := uid_at(date_trunc('month', clock_timestamp() at time zone 'UTC') at time zone 'UTC');
    v_noted bigint;
begin
    if v_accounts = '{}' then
        return 0;
    end if;
    insert into contact_events (account_id, contact_id, name, at, data, source)
        select m.account_id, c.id, 'message.sent', clock_timestamp(),
               jsonb_build_object('uid', m.uid, 'channel', m.channel), md5(m.uid::text || 'sent')::uuid
        from unnest(p_accounts, p_uids, p_channels, p_recipients) as m (account_id, uid, channel, recipient)
        cross join lateral (select recipient_key(m.channel, m.recipient) as key offset 0) as k
        cross join lateral contacts_at(m.account_id, m.channel, k.key) as found (id)
        join contacts c on c.id = found.id
        where m.account_id = any(v_accounts)
          and (m.uid >= v_month or not exists (  -- sent again, after a replay: recorded in another month
              select from contact_events x where x.account_id = m.account_id and x.source = md5(m.uid::text || 'sent')::uuid))
        order by m.uid for key share of c
        on conflict do nothing;
    get diagnostics v_noted = row_count;
    return v_noted;
end $$;
