-- Note which of these receipts harm the name of their sender. p_new: the places of those that are new; p_moved: of those
-- that changed their message's state. What a provider refused for its content or size has another kind. Those of test
-- keys do not count.
create or replace function note_bad_reports(p_uids uuid[], p_kinds text[], p_new integer[], p_moved integer[])
returns void language sql as $$
    insert into bad_reports (account_id, gateway_id, channel, batch_id, kind)
        select m.account_id, m.gateway_id, m.channel, b.id,
               case when p_kinds[n] = 'complained' then 'complaint' when m.channel = 'email' then 'hard_bounce'
                    else 'undelivered' end
        from unnest(p_new) as n join messages m on m.uid = p_uids[n]
            left join batches b on b.id = batch_of(page_of(m.uid))
        where not m.test and (
            p_kinds[n] = 'complained' or p_kinds[n] = 'bounced'
            or p_kinds[n] = 'undelivered' and m.channel <> 'email' and n = any(p_moved))
$$;
