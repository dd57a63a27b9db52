-- All forms of a phone number, to find it by index; of other recipients only the given one.
create or replace function spellings(p_channel text, p_recipient text) returns text[]
language sql immutable parallel safe as $$
    select case
        when p_channel = 'email' then array[p_recipient]
        when k.key ~ '^\+55\d{10}$' then array[p_recipient, k.key, regexp_replace(k.key, '^(\+55\d\d)', '\19')]
        when k.key ~ '^\+52\d{10}$' then array[p_recipient, k.key, regexp_replace(k.key, '^\+52', '+521')]
        when k.key ~ '^\+54\d{10}$' then array[p_recipient, k.key, regexp_replace(k.key, '^\+54', '+549')]
        else array[p_recipient] end
    from (select recipient_key(p_channel, p_recipient) as key) as k
$$;
