-- What processes must know of each other to keep a limit or to take something once; renewal of plans; days of limits.

-- How often somebody may ask, by GCRA: when the bucket would be empty again. After a crash all buckets are empty, which
-- is harmless.
create unlogged table request_rates (
    subject  text primary key,
    empty_at timestamptz not null
) with (fillfactor = 50);

-- Which event a signature came with first, where it does not cover the event.
create table webhook_signatures (
    signature bytea primary key,
    event     bytea not null,
    seen_at   timestamptz not null default clock_timestamp()
);
create index webhook_signatures_age on webhook_signatures (seen_at);

-- Messages from phones, over SMPP, that are being handed over. SMPP gives them no id: one that is still here and comes
-- again is the same one, whose answer was lost.
create table unanswered_deliveries (
    key        uuid primary key default gen_random_uuid(),
    gateway_id uuid not null,
    digest     bytea not null,        -- of sender, recipient and text
    handful    uuid not null,         -- who has it in hand: deliveries of one handful are different messages
    tried_at   timestamptz not null default clock_timestamp()
);
create index unanswered_deliveries_digest on unanswered_deliveries (gateway_id, digest);

-- Long messages from phones, whose parts may come to different processes.
create table split_deliveries (
    key        uuid primary key default gen_random_uuid(),
    gateway_id uuid not null,
    sender     text not null,
    recipient  text not null,
    reference  integer not null,
    total      smallint not null,
    parts      jsonb not null,        -- by number
    began_at   timestamptz not null default clock_timestamp(),
    taken_at   timestamptz,           -- when somebody last began to hand it over although parts are missing
    ended      boolean not null default false  -- it was handed over; kept to know its parts when they come again
);
create index split_deliveries_reference on split_deliveries (gateway_id, sender, recipient, reference);
create index split_deliveries_open on split_deliveries (gateway_id, began_at) where not ended;

-- Keys of messages that came in one handful, by their digests.
create function claim_deliveries(p_gateway uuid, p_digests bytea[], p_handful uuid, p_within interval)
returns uuid[] language plpgsql as $$
declare
    v_keys uuid[] := '{}';
    v_key  uuid;
begin
    for i in 1 .. cardinality(p_digests) loop
        update unanswered_deliveries set handful = p_handful, tried_at = clock_timestamp()
            where key = (select d.key from unanswered_deliveries d
                         where d.gateway_id = p_gateway and d.digest = p_digests[i] and d.handful <> p_handful
                           and d.tried_at > clock_timestamp() - p_within
                         order by d.tried_at limit 1 for update skip locked)
            returning key into v_key;
        if not found then
            insert into unanswered_deliveries (gateway_id, digest, handful) values (p_gateway, p_digests[i], p_handful)
                returning key into v_key;
        end if;
        v_keys := v_keys || v_key;
    end loop;
    return v_keys;
end $$;

-- Keep one part. Returns its message. A part that is known comes again; one whose place is free in a message that
-- nobody has begun to hand over joins it; any other begins a message, since references come round again.
create function keep_part(
    p_gateway uuid, p_sender text, p_recipient text, p_reference integer, p_total smallint, p_number text, p_part jsonb,
    p_within interval
) returns split_deliveries language plpgsql as $$
declare
    d split_deliveries%rowtype;
begin
    perform pg_advisory_xact_lock(hashtextextended(concat_ws('|', p_gateway, p_sender, p_recipient), 0));
    select * into d from split_deliveries s
        where s.gateway_id = p_gateway and s.sender = p_sender and s.recipient = p_recipient
          and s.reference = p_reference and s.total = p_total and s.began_at > clock_timestamp() - p_within
          and (s.parts -> p_number = p_part or (not s.parts ? p_number and not s.ended and s.taken_at is null))
        order by (s.parts ? p_number) desc, s.began_at desc limit 1 for update;
    if not found then
        insert into split_deliveries (gateway_id, sender, recipient, reference, total, parts)
            values (p_gateway, p_sender, p_recipient, p_reference, p_total, jsonb_build_object(p_number, p_part))
            returning * into d;
    elsif not d.parts ? p_number then
        update split_deliveries s set parts = s.parts || jsonb_build_object(p_number, p_part) where s.key = d.key
            returning * into d;
    end if;
    return d;
end $$;

-- An account's plan begins again when its period ends, unless it shall not. plan_periods is how many periods lie between
-- plan_began_at and plan_expires_at: ends are counted from the beginning, so that the 31st stays the 31st.
alter table accounts
    add column plan_renews   boolean not null default true,
    add column plan_began_at timestamptz,
    add column plan_periods  integer not null default 0;
update accounts set plan_renews = false where plan_expires_at < clock_timestamp();  -- who ran out stays without
create index accounts_plan_end on accounts (plan_expires_at) where plan_renews and status <> 'deleted';
-- Days and periods are reckoned in it: a zone that nobody knows would fail each send.
alter table accounts add constraint accounts_time_zone
    check ((timestamptz 'epoch' at time zone time_zone) is not null);

-- Null: never.
create function period_end(p_began timestamptz, p_zone text, p_period text, p_number integer)
returns timestamptz language sql stable as $$
    select case when p_period <> 'forever'
                then (p_began at time zone p_zone + p_number * ('1 ' || p_period)::interval) at time zone p_zone end
$$;

-- As before, but a plan that renews does not expire, and days are those of the account's time zone. The day is that of
-- now(), which stands in the journal, too. Rows are found by index whatever the statistics say: a plan that was made
-- while there were few accounts would read all of them for each page, for as long as the connection keeps it.
create or replace function take_credits(
    p_account bigint, p_channel text, p_recipients text[], p_prices integer[], p_exempt boolean default false
) returns text[] language plpgsql
set enable_seqscan = off
as $$
declare
    v_status    text;
    v_expires   timestamptz;
    v_limit     bigint;
    v_used      bigint := 0;
    v_available bigint;
    v_held      bigint := 0;
    v_whole     text;
    v_codes     text[] := array_fill(null::text, array[cardinality(p_recipients)]);
    v_passed    bigint := 0;
    v_day       date;
begin
    select w.available into v_available from wallets w where w.account_id = p_account and w.channel = p_channel;
    v_available := coalesce(v_available, 0);
    select a.status, case when not a.plan_renews then a.plan_expires_at end, pc.daily_limit,
           (now() at time zone a.time_zone)::date
        into v_status, v_expires, v_limit, v_day
        from accounts a left join plan_channels pc on pc.plan_id = a.plan_id and pc.channel = p_channel
        where a.id = p_account;
    v_status := coalesce(v_status, 'unknown');
    v_whole := case
        when v_status not in ('active', 'suspended') then 'account_' || v_status
        when v_expires < clock_timestamp() then 'plan_expired'
    end;
    if v_limit is not null then
        insert into daily_usage as d values (p_account, p_channel, v_day, 0)
            on conflict (account_id, channel, day) do update set messages = d.messages returning messages into v_used;
    end if;

    for i in 1 .. cardinality(p_recipients) loop
        if v_whole is not null then
            v_codes[i] := v_whole;
        elsif not p_exempt and exists (select from suppressions s where s.account_id = p_account and s.channel = p_channel
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

-- Messages that did not leave count no longer towards the limit of the day on which they were counted. What a gateway
-- took, or may have taken, has left.
create function uncount(p_account bigint, p_channel text, p_uids uuid[]) returns void language sql
set enable_seqscan = off
as $$
    update daily_usage d set messages = greatest(0, d.messages - back.messages)
    from (select (j.at at time zone a.time_zone)::date as day, count(*) as messages
          from accounts a join journal j on j.uid = any(p_uids) and j.kind = 'hold'
          where a.id = p_account and not exists (
              select from attempts t where t.uid = j.uid and coalesce(t.outcome, 'unknown') in ('accepted', 'unknown'))
          group by 1) as back
    where d.account_id = p_account and d.channel = p_channel and d.day = back.day
$$;

-- As before, but messages that did not leave also get their place of the day back.
create or replace function settle_page(p_first uuid, p_last uuid) returns void language plpgsql as $$
declare
    s record;
begin
    -- Twins lock the same rows in whatever order their plans visit them: one after the other they cannot deadlock.
    perform pg_advisory_xact_lock(hashtextextended(p_first::text, 0));

    for s in
        with settled as (
            update messages set credit = case when is_paid(state) then 'captured' else 'released' end
            where uid between p_first and p_last and credit = 'held'
              and state not in ('scheduled', 'queued', 'processing', 'unknown')
            returning uid, account_id, channel, price, credit
        ), written as (
            insert into journal (account_id, channel, uid, attempt, kind, amount)
            select account_id, channel, uid, 0, case credit when 'captured' then 'capture' else 'release' end, price
            from settled
            returning account_id, channel, uid, kind, amount
        )
        select account_id, channel, sum(amount) as all_held,
               coalesce(sum(amount) filter (where kind = 'capture'), 0) as captured,
               coalesce(sum(amount) filter (where kind = 'release'), 0) as released,
               array_agg(uid) filter (where kind = 'release') as unpaid
        from written group by account_id, channel order by account_id, channel
    loop
        update wallets w set held = w.held - s.all_held, spent = w.spent + s.captured, available = w.available + s.released
            where w.account_id = s.account_id and w.channel = s.channel;
        if s.unpaid is not null then
            perform uncount(s.account_id, s.channel, s.unpaid);
        end if;
    end loop;
end $$;
