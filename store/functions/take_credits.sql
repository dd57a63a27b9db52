-- Check messages in order, each separately, and take credits and daily limit for those that pass. Returns the code
-- of each refusal, null for those that pass. The caller holds the account's lock. p_purposes: what each is for, null for
-- those that are transactional; null: all are.
--
-- Messages of a suspended account are held like any others, unless its waiting messages are cancelled: they wait, and the
-- plan may be renewed meanwhile, so its end is not checked. A plan that renews does not expire, nor does one that is
-- followed by another. Days are those of the account's time zone; the day is that of now(), as in the journal. Rows are
-- found by index whatever the statistics are: a plan that was made while there were few accounts would read all of them
-- for each page, for as long as the connection keeps it.
drop function if exists take_credits(bigint, text, text[], integer[], boolean);
create or replace function take_credits(
    p_account bigint, p_channel text, p_recipients text[], p_prices integer[], p_exempt boolean default false,
    p_purposes text[] default null
) returns text[] language plpgsql
set enable_seqscan = off
as $$
declare
    v_status    text;
    v_cancels   boolean;
    v_expires   timestamptz;
    v_limit     bigint;
    v_used      bigint := 0;
    v_available bigint;
    v_held      bigint := 0;
    v_whole     text;
    v_codes     text[] := array_fill(null::text, array[cardinality(p_recipients)]);
    v_passed    bigint := 0;
    v_day       date;
    v_asks      boolean;
begin
    select w.available into v_available from wallets w where w.account_id = p_account and w.channel = p_channel;
    v_available := coalesce(v_available, 0);
    select a.status, a.cancels_waiting, case when not a.plan_renews then a.plan_expires_at end, pc.daily_limit,
           (now() at time zone a.time_zone)::date, a.asks_consent
        into v_status, v_cancels, v_expires, v_limit, v_day, v_asks
        from accounts a left join plan_channels pc on pc.plan_id = a.plan_id and pc.channel = p_channel
        where a.id = p_account;
    v_status := coalesce(v_status, 'unknown');
    v_whole := case
        when v_status not in ('active', 'suspended') then 'account_' || v_status
        when v_status = 'active' and v_expires < clock_timestamp()
            and not change_comes_first(p_account, v_expires) then 'plan_expired'
        when v_status = 'suspended' and v_cancels then 'account_suspended'
    end;
    if v_limit is not null then
        insert into daily_usage as d values (p_account, p_channel, v_day, 0)
            on conflict (account_id, channel, day) do update set messages = d.messages returning messages into v_used;
    end if;

    v_asks := v_asks and p_purposes is not null and not p_exempt;
    for i in 1 .. cardinality(p_recipients) loop
        if v_whole is not null then
            v_codes[i] := v_whole;
        elsif not p_exempt and exists (
            select from suppressions s where s.account_id = p_account and s.channel = p_channel
                and recipient_key(s.channel, s.recipient) = recipient_key(p_channel, p_recipients[i])
                and (s.until is null or s.until > clock_timestamp())
        ) then
            v_codes[i] := 'suppressed';
        elsif v_asks and consent_code(p_account, p_channel, p_recipients[i], p_purposes[i]) is not null then
            v_codes[i] := consent_code(p_account, p_channel, p_recipients[i], p_purposes[i]);
        elsif v_limit is not null and v_used + v_passed >= v_limit then
            v_codes[i] := 'daily_limit';
        elsif v_held + p_prices[i] > v_available then
            v_codes[i] := 'no_credit';
        else
            v_held := v_held + p_prices[i];
            v_passed := v_passed + 1;
        end if;
    end loop;

    if v_held > 0 then
        update wallets w set available = w.available - v_held, held = w.held + v_held
            where w.account_id = p_account and w.channel = p_channel;
    end if;
    if v_limit is not null and v_passed > 0 then
        update daily_usage d set messages = d.messages + v_passed
            where d.account_id = p_account and d.channel = p_channel and d.day = v_day;
    end if;
    return v_codes;
end $$;
