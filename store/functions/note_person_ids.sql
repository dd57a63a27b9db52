-- Note the numbers of ids. Opt-outs that were made when only the id was known apply to the number, too.
create or replace function note_person_ids(p_channel text, p_gateways uuid[], p_ids text[], p_numbers text[]) returns void
language plpgsql as $$
declare
    v record;
begin
    for v in
        insert into person_ids as p (gateway_id, id, number)
        select distinct on (u.gateway_id, u.id) u.gateway_id, u.id, u.number
        from unnest(p_gateways, p_ids, p_numbers) as u (gateway_id, id, number)
        where not exists (select from person_ids o
                          where o.gateway_id = u.gateway_id and o.id = u.id and o.number = u.number)
        order by u.gateway_id, u.id
        on conflict (gateway_id, id) do update set number = excluded.number, known_at = excluded.known_at
        returning p.gateway_id, p.id, p.number
    loop
        insert into suppressions (account_id, channel, recipient, reason, uid, until)
            select a, p_channel, v.number, s.reason, s.uid, s.until
            from gateways g join suppressions s
                on s.account_id = g.account_id and s.channel = p_channel and s.recipient = v.id
            cross join lateral accounts_heard(v.gateway_id, p_channel, v.number) as a
            where g.id = v.gateway_id
            on conflict do nothing;
        insert into marketing_opt_outs (account_id, channel, recipient)
            select a, p_channel, v.number
            from gateways g join marketing_opt_outs o
                on o.account_id = g.account_id and o.channel = p_channel and o.recipient = v.id
            cross join lateral accounts_heard(v.gateway_id, p_channel, v.number) as a
            where g.id = v.gateway_id
            on conflict do nothing;
    end loop;
end $$;
