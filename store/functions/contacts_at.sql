-- The contacts of an account at an address, which is given by its key (recipient_key).
create or replace function contacts_at(p_account bigint, p_channel text, p_key text) returns setof uuid
language sql stable as $$
    select id from contacts where p_channel = 'email' and account_id = p_account
        and recipient_key('email', email) = p_key and email is not null
    union all
    select id from contacts where p_channel in ('sms', 'whatsapp') and account_id = p_account
        and recipient_key('sms', phone) = p_key and phone is not null
        and (p_channel = 'sms' or whatsapp is null)
    union all
    select id from contacts where p_channel = 'whatsapp' and account_id = p_account
        and recipient_key('whatsapp', whatsapp) = p_key and whatsapp is not null
$$;
