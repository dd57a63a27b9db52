-- Record what was reported of messages to contacts of these accounts, once for each report. Most accounts have no contacts:
-- they cost one look. `offset 0` has the key computed before contacts are looked for: where its expression stands in
-- the search, PostgreSQL prefers to read all contacts of the account.
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
        select m.account_id, c.id, 'message.' || e.kind, e.at,
               jsonb_strip_nulls(jsonb_build_object('uid', m.uid, 'channel', m.channel, 'code', e.code, 'url', e.url)),
               md5(m.uid::text || e.key::text)::uuid
        from unnest(p_uids, p_keys, p_kinds, p_at, p_codes, p_urls, p_recipients) with ordinality
            as e (uid, key, kind, at, code, url, recipient, n)
        join messages m on m.uid = e.uid
        cross join lateral (select recipient_key(m.channel, coalesce(e.recipient, m.recipient)) as key offset 0) as k
        cross join lateral contacts_at(m.account_id, m.channel, k.key) as found (id)
        join contacts c on c.id = found.id
        where e.n = any(p_new)
        order by e.n for key share of c
        on conflict do nothing;
end $$;
