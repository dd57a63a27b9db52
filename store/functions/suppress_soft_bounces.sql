-- Suppress for 30 days the recipients of emails to whom the last five of an account did not get through, only if the
-- reputation guard may hold back what the account sends. What was refused for its size or content says nothing about
-- the recipient. p_moved: the places of the receipts that changed their message's state.
create or replace function suppress_soft_bounces(p_uids uuid[], p_kinds text[], p_moved integer[])
returns void language sql as $$
    insert into suppressions as s (account_id, channel, recipient, reason, uid, until)
        select distinct on (m.account_id, m.recipient)
               m.account_id, m.channel, m.recipient, 'soft_bounced', m.uid, clock_timestamp() + interval '30 days'
        from unnest(p_moved) as n join messages m on m.uid = p_uids[n]
        where p_kinds[n] = 'undelivered' and m.channel = 'email' and not m.test
            and (select coalesce(a.reputation_guard, i.settings ->> 'reputation_guard')
                 from accounts a, install_settings i where a.id = m.account_id and i.id) = 'pause'
            and (select count(*) = 5 and bool_and(
                            l.state = 'undelivered' and coalesce(l.code, '') || ' ' || coalesce(l.reason, '')
                            !~* '[45]\.(2\.3|3\.4|6\.\d|7\.\d)|spam|content|policy|virus|too (large|big|long)|size')
                 from (select x.state, x.code, x.reason from messages x
                       where x.recipient = m.recipient and x.channel = 'email' and x.account_id = m.account_id
                           and x.uid between uid_at(clock_timestamp() - interval '90 days') and m.uid
                           and x.gateway_id is not null and not x.test
                       order by x.uid desc limit 5) as l)
        order by m.account_id, m.recipient, m.uid desc
    on conflict (account_id, channel, recipient) do update
        set reason = excluded.reason, uid = excluded.uid, until = excluded.until, created_at = clock_timestamp()
        where s.until < clock_timestamp()
$$;
