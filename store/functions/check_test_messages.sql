-- Check messages that only pretend to be sent, as take_credits does, but for what costs or counts. Returns the code of
-- each refusal, null for those that pass.
drop function if exists check_test_messages(bigint, text, text[]);
create or replace function check_test_messages(
    p_account bigint, p_channel text, p_recipients text[], p_purposes text[] default null
) returns text[] language sql stable
set enable_seqscan = off
as $$
    select coalesce(array_agg(case
            when a.id is null then 'account_unknown'
            when a.status not in ('active', 'suspended') then 'account_' || a.status
            when a.status = 'suspended' and a.cancels_waiting then 'account_suspended'
            when exists (select from suppressions s where s.account_id = p_account and s.channel = p_channel
                         and recipient_key(s.channel, s.recipient) = recipient_key(p_channel, u.recipient)
                         and (s.until is null or s.until > clock_timestamp()))
            then 'suppressed'
            when a.asks_consent and u.purpose is not null
            then consent_code(p_account, p_channel, u.recipient, u.purpose) end order by u.n), '{}')
    from unnest(p_recipients, p_purposes) with ordinality u (recipient, purpose, n) left join accounts a on a.id = p_account
$$;
