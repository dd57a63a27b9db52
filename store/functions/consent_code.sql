-- Why a message for a purpose may not be sent to a recipient, by the account's rules and what is recorded of consent; null: it
-- may. A purpose of which nothing is known is like one that asks no consent: only who refused is spared.
create or replace function consent_code(p_account bigint, p_channel text, p_recipient text, p_purpose text) returns text
language plpgsql stable as $$
declare
    v_key           text := recipient_key(p_channel, p_recipient);
    v_transactional boolean := p_purpose is null;
    v_opt_in        boolean;
    v_state         text;
begin
    if not v_transactional then
        select p.transactional, p.opt_in into v_transactional, v_opt_in
            from purposes p where p.account_id = p_account and p.key = p_purpose;
    end if;
    if v_transactional then
        return null;
    end if;
    -- All that are not transactional are marketing to WhatsApp, where a person stops it as such.
    if exists (select from marketing_opt_outs o where o.account_id = p_account and o.channel = p_channel
               and recipient_key(o.channel, o.recipient) = v_key) then
        return 'marketing_opted_out';
    end if;
    select c.state into v_state from consents c
        where c.account_id = p_account and c.channel = p_channel and c.recipient_key = v_key
          and c.purpose in (p_purpose, '*') and c.state <> 'pending'
        order by c.purpose = '*' limit 1;
    if v_state = 'withdrawn' then
        return 'consent_withdrawn';
    elsif v_state is null and v_opt_in then
        return 'no_consent';
    elsif exists (select from consent_pauses p where p.account_id = p_account and p.channel = p_channel
                  and p.recipient_key = v_key and p.until > clock_timestamp()) then
        return 'paused_by_recipient';
    end if;
    return null;
end $$;
