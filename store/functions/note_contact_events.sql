-- Record what was reported of messages to contacts of these accounts, once for each report. Most accounts have no contacts:
-- they cost one look.
create or replace function note_contact_events(
    p_accounts bigint[], p_uids uuid[], p_keys uuid[], p_kinds text[], p_at timestamptz[], p_codes text[], p_urls text[],
    p_recipients text[], p_new integer[]
) returns void language plpgsql as $$
begin
    if not exists (
        select from unnest(p_accounts) as a (id) where exists (select from contacts c where c.account_id = a.id)
    ) then
        return;
    end if;
    insert into contact_events (account_id, contact_id, name, at, data, source)
        select m.account_id, c.id, 'message.' || p_kinds[n], p_at[n],
               jsonb_strip_nulls(jsonb_build_object('uid', m.uid, 'channel', m.channel, 'code', p_codes[n], 'url', p_urls[n])),
               md5(m.uid::text || p_keys[n]::text)::uuid
        from unnest(p_new) as n join messages m on m.uid = p_uids[n]
        cross join lateral (select recipient_key(m.channel, coalesce(p_recipients[n], m.recipient)) as key) as k
        cross join lateral (
            select id from contacts where m.channel = 'email' and account_id = m.account_id
                and recipient_key('email', email) = k.key and email is not null
            union all
            select id from contacts where m.channel in ('sms', 'whatsapp') and account_id = m.account_id
                and recipient_key('sms', phone) = k.key and phone is not null
                and (m.channel = 'sms' or whatsapp is null)
            union all
            select id from contacts where m.channel = 'whatsapp' and account_id = m.account_id
                and recipient_key('whatsapp', whatsapp) = k.key and whatsapp is not null
        ) as found
        join contacts c on c.id = found.id
        order by n for key share of c
        on conflict do nothing;
end $$;
