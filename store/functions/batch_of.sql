-- The batch of one of its pages; domain/ids.py has the layout.
create or replace function batch_of(p_page uuid) returns uuid language sql immutable strict parallel safe as $$
    select encode(set_byte(set_byte(set_byte(set_byte(b, 15, 0), 14, 0), 13, 0), 12, get_byte(b, 12) & 252), 'hex')::uuid
    from (select uuid_send(p_page)) as x (b)
$$;
