-- The page of a message; domain/ids.py has the layout.
create or replace function page_of(p_uid uuid) returns uuid language sql immutable strict parallel safe as $$
    select encode(set_byte(set_byte(b, 15, 0), 14, get_byte(b, 14) & 254), 'hex')::uuid from (select uuid_send(p_uid)) as x (b)
$$;
