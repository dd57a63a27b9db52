-- The canonical form by which a recipient is found, in any notation. Mail servers do not distinguish case in names.
-- Of mobile numbers WhatsApp, and the networks, use two forms in some countries: in Brazil with and without the
-- ninth digit, in Mexico with and without a 1, in Argentina with and without a 9.
create or replace function recipient_key(p_channel text, p_recipient text) returns text
language sql immutable parallel safe as $$
    select case
        when p_channel = 'email' then lower(p_recipient)
        when p_recipient like '+55%' then regexp_replace(p_recipient, '^(\+55\d\d)9(\d{8})$', '\1\2')
        when p_recipient like '+521%' then regexp_replace(p_recipient, '^\+521(\d{10})$', '+52\1')
        when p_recipient like '+549%' then regexp_replace(p_recipient, '^\+549(\d{10})$', '+54\1')
        else p_recipient end
$$;
