-- The codes of links of messages that are about to be handed over: made at first, and the same ones whenever they are
-- asked for again. A link is a message, its place in it, and where it leads.
create or replace function short_links_of(p_uids uuid[], p_places smallint[], p_urls text[], p_first uuid, p_last uuid)
returns table (uid uuid, place smallint, code text) language plpgsql as $$
begin
    insert into short_links as l (uid, place, code, url)
        select n.uid, n.place, short_code(nextval('short_link_numbers'), s.secret), n.url
        from unnest(p_uids, p_places, p_urls) as n (uid, place, url), short_link_secret s
        where not exists (select from short_links h where h.uid = n.uid and h.uid between p_first and p_last)
        on conflict do nothing;
    return query select l.uid, l.place, l.code from short_links l
        where l.uid = any(p_uids) and l.uid between p_first and p_last;
end $$;
