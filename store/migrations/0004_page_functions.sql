-- The two moments at which a page moves credits, each one statement for its caller and so one round trip and one
-- transaction. Both are idempotent: a lost workflow task runs them again.

-- Write the page's messages and hold their credits. A message that cannot be paid, or must not be sent, is recorded as
-- rejected by itself; its neighbours pass. Returns the refused ones: place in the arrays (from 0) and code.
create function hold_page(
    p_account bigint, p_channel text, p_uids uuid[], p_recipients text[], p_prices integer[],
    p_schedule timestamptz[], p_on_unknown text[]
) returns table (place integer, code text) language plpgsql as $$
declare
    v_status    text;
    v_expires   timestamptz;
    v_limit     bigint;
    v_used      bigint := 0;
    v_available bigint := 0;
    v_held      bigint := 0;
    v_whole     text;
    v_codes     text[] := array_fill(null::text, array[cardinality(p_uids)]);
    v_passed    bigint := 0;
    v_day       date := (clock_timestamp() at time zone 'UTC')::date;
begin
    -- The wallet's row lock orders all holds of an account; taken first, it also makes a twin of this call wait.
    select w.available into v_available from wallets w
        where w.account_id = p_account and w.channel = p_channel for update;
    if not found then  -- the admin has no wallet: its pages need not wait for each other, but twins must
        perform pg_advisory_xact_lock(hashtextextended(p_uids[1]::text, 0));
        v_available := 0;
    end if;

    if exists (select from messages m where m.uid = p_uids[1]) then
        return query select (u.n - 1)::integer, m.code
            from unnest(p_uids) with ordinality u (uid, n) join messages m using (uid)
            where m.state = 'rejected' and m.gateway_id is null;
        return;
    end if;

    select a.status, a.plan_expires_at, pc.daily_limit into v_status, v_expires, v_limit
        from accounts a left join plan_channels pc on pc.plan_id = a.plan_id and pc.channel = p_channel
        where a.id = p_account;
    v_whole := case
        when v_status is distinct from 'active' then 'account_' || coalesce(v_status, 'unknown')
        when v_expires < clock_timestamp() then 'plan_expired'
    end;
    if v_limit is not null then
        insert into daily_usage as d values (p_account, p_channel, v_day, 0)
            on conflict (account_id, channel, day) do update set messages = d.messages returning messages into v_used;
    end if;

    for i in 1 .. cardinality(p_uids) loop
        if v_whole is not null then
            v_codes[i] := v_whole;
        elsif exists (select from suppressions s where s.account_id = p_account and s.channel = p_channel
                      and s.recipient = p_recipients[i]) then
            v_codes[i] := 'suppressed';
        elsif v_limit is not null and v_used + v_passed >= v_limit then
            v_codes[i] := 'daily_limit';
        elsif v_held + p_prices[i] > v_available then
            v_codes[i] := 'no_credit';
        else
            v_held := v_held + p_prices[i];
            v_passed := v_passed + 1;
        end if;
    end loop;

    insert into messages (uid, account_id, channel, recipient, state, code, price, credit, schedule_at, on_unknown)
        select u.uid, p_account, p_channel, u.recipient,
               case when u.code is not null then 'rejected'
                    when u.schedule_at > clock_timestamp() then 'scheduled' else 'queued' end,
               u.code, u.price, case when u.code is null and u.price > 0 then 'held' else 'free' end,
               u.schedule_at, u.on_unknown
        from unnest(p_uids, p_recipients, p_prices, p_schedule, p_on_unknown, v_codes)
            as u (uid, recipient, price, schedule_at, on_unknown, code);

    if v_held > 0 then
        insert into journal (account_id, channel, uid, attempt, kind, amount)
            select p_account, p_channel, u.uid, 0, 'hold', u.price
            from unnest(p_uids, p_prices, v_codes) as u (uid, price, code) where u.code is null and u.price > 0;
        update wallets w set available = w.available - v_held, held = w.held + v_held
            where w.account_id = p_account and w.channel = p_channel;
    end if;
    if v_limit is not null and v_passed > 0 then
        update daily_usage d set messages = d.messages + v_passed
            where d.account_id = p_account and d.channel = p_channel and d.day = v_day;
    end if;

    return query select (u.n - 1)::integer, u.code from unnest(v_codes) with ordinality u (code, n)
        where u.code is not null;
end $$;

-- Credits of a page whose messages are final: what a gateway took is captured, whatever became of it then; what it did
-- not take is released; what is unknown stays held until a receipt or an operator decides.
create function settle_page(p_first uuid, p_last uuid) returns void language plpgsql as $$
begin
    -- Twins lock the same rows in whatever order their plans visit them: one after the other they cannot deadlock.
    perform pg_advisory_xact_lock(hashtextextended(p_first::text, 0));

    with settled as (
        update messages set credit = case when state in ('sent', 'deferred', 'delivered', 'read', 'bounced', 'undelivered')
                                          then 'captured' else 'released' end
        where uid between p_first and p_last and credit = 'held'
          and state not in ('scheduled', 'queued', 'processing', 'unknown')
        returning uid, account_id, channel, price, credit
    ), written as (
        insert into journal (account_id, channel, uid, attempt, kind, amount)
        select account_id, channel, uid, 0, case credit when 'captured' then 'capture' else 'release' end, price
        from settled
        returning account_id, channel, kind, amount
    ), sums as (
        select account_id, channel, sum(amount) as all_held,
               coalesce(sum(amount) filter (where kind = 'capture'), 0) as captured,
               coalesce(sum(amount) filter (where kind = 'release'), 0) as released
        from written group by account_id, channel
    )
    update wallets w set held = w.held - s.all_held, spent = w.spent + s.captured, available = w.available + s.released
    from sums s where w.account_id = s.account_id and w.channel = s.channel;
end $$;
