-- The last uid that a page can have; domain/ids.py has the layout.
create or replace function page_end(p_page uuid) returns uuid language sql immutable strict parallel safe as $$
    select encode(set_byte(set_byte(b, 15, 255), 14, get_byte(b, 14) | 1), 'hex')::uuid from (select uuid_send(p_page)) as x (b)
$$;
