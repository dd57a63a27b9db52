-- Lists of more messages than share a page. All messages of a batch are one range of uids (domain/ids.py), and stand in
-- the record from the moment the batch is accepted; credits are held page by page, as the batch comes to them.

create table batches (
    id          uuid primary key,
    account_id  bigint not null references accounts (id),
    channel     text not null,
    lane        text not null,
    total       integer not null,      -- messages
    streams     jsonb not null,        -- runs of pages through one gateway: what the workflow walks
    state       text not null default 'stored'
                check (state in ('stored', 'scheduled', 'running', 'paused', 'cancelling', 'cancelled', 'completed')),
    created_at  timestamptz not null default clock_timestamp(),
    finished_at timestamptz
);
create index batches_account on batches (account_id, id);
create index batches_stored on batches (created_at) where state = 'stored';

-- What the pages of batches say, until they have been sent.
create table batch_pages (
    page_id uuid primary key,
    size    smallint not null,
    due_at  timestamptz,               -- when the page's messages are due; null: at once
    content bytea not null
);

-- pending: not held yet, because its page's turn has not come.
alter table messages drop constraint messages_credit_check;
alter table messages add constraint messages_credit_check
    check (credit in ('free', 'pending', 'held', 'captured', 'released'));

-- Take the lock that orders all holds of an account and makes a twin of the same call wait.
create function lock_account(p_account bigint, p_channel text, p_first uuid) returns void language plpgsql as $$
begin
    perform from wallets w where w.account_id = p_account and w.channel = p_channel for update;
    if not found then  -- the admin has no wallet: its pages need not wait for each other, but twins must
        perform pg_advisory_xact_lock(hashtextextended(p_first::text, 0));
    end if;
end $$;

-- Judge messages in their order, each by itself, and take credits and daily limit for those that pass.
-- Returns the code of each refusal, null for those that pass. The caller holds the account's lock.
create function take_credits(p_account bigint, p_channel text, p_recipients text[], p_prices integer[])
returns text[] language plpgsql as $$
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
    v_day       date := (clock_timestamp() at time zone 'UTC')::date;
begin
    select w.available into v_available from wallets w where w.account_id = p_account and w.channel = p_channel;
    v_available := coalesce(v_available, 0);
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

    for i in 1 .. cardinality(p_recipients) loop
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

create function write_holds(p_account bigint, p_channel text, p_uids uuid[], p_prices integer[], p_codes text[])
returns void language sql as $$
    insert into journal (account_id, channel, uid, attempt, kind, amount)
        select p_account, p_channel, u.uid, 0, 'hold', u.price
        from unnest(p_uids, p_prices, p_codes) as u (uid, price, code) where u.code is null and u.price > 0;
$$;

-- Write an account's messages of a page and hold their credits. A message that cannot be paid, or must not be sent, is
-- recorded as rejected by itself; its neighbours pass. Returns the refused ones: place in the arrays (from 0) and code.
create or replace function hold_page(
    p_account bigint, p_channel text, p_uids uuid[], p_recipients text[], p_prices integer[],
    p_schedule timestamptz[], p_on_unknown text[]
) returns table (place integer, code text) language plpgsql as $$
declare
    v_codes text[];
begin
    perform lock_account(p_account, p_channel, p_uids[1]);
    if exists (select from messages m where m.uid = p_uids[1]) then
        return query select (u.n - 1)::integer, m.code
            from unnest(p_uids) with ordinality u (uid, n) join messages m using (uid)
            where m.state = 'rejected' and m.gateway_id is null;
        return;
    end if;

    v_codes := take_credits(p_account, p_channel, p_recipients, p_prices);
    insert into messages (uid, account_id, channel, recipient, state, code, price, credit, schedule_at, on_unknown)
        select u.uid, p_account, p_channel, u.recipient,
               case when u.code is not null then 'rejected'
                    when u.schedule_at > clock_timestamp() then 'scheduled' else 'queued' end,
               u.code, u.price, case when u.code is null and u.price > 0 then 'held' else 'free' end,
               u.schedule_at, u.on_unknown
        from unnest(p_uids, p_recipients, p_prices, p_schedule, p_on_unknown, v_codes)
            as u (uid, recipient, price, schedule_at, on_unknown, code);
    perform write_holds(p_account, p_channel, p_uids, p_prices, v_codes);
    return query select (u.n - 1)::integer, u.code from unnest(v_codes) with ordinality u (code, n)
        where u.code is not null;
end $$;

-- The same for a page of a batch, whose messages stand in the record already. Returns those that shall not be sent:
-- refused here, or cancelled before their turn came.
create function hold_stored_page(p_account bigint, p_channel text, p_first uuid, p_last uuid)
returns setof uuid language plpgsql as $$
declare
    v_uids       uuid[];
    v_recipients text[];
    v_prices     integer[];
    v_codes      text[];
begin
    perform lock_account(p_account, p_channel, p_first);
    select array_agg(m.uid), array_agg(m.recipient), array_agg(m.price) into v_uids, v_recipients, v_prices
        from (select uid, recipient, price from messages
              where uid between p_first and p_last and credit = 'pending' order by uid for update) m;
    if v_uids is not null then
        v_codes := take_credits(p_account, p_channel, v_recipients, v_prices);
        update messages m set state = case when u.code is null then 'queued' else 'rejected' end, code = u.code,
                              credit = case when u.code is null and m.price > 0 then 'held' else 'free' end,
                              updated_at = clock_timestamp()
            from unnest(v_uids, v_codes) as u (uid, code) where m.uid = u.uid;
        perform write_holds(p_account, p_channel, v_uids, v_prices, v_codes);
    end if;
    return query select uid from messages
        where uid between p_first and p_last and state not in ('scheduled', 'queued', 'processing');
end $$;

-- As before, but for pages that several accounts share: their wallets are locked in one order, so that two such pages
-- cannot deadlock.
create or replace function settle_page(p_first uuid, p_last uuid) returns void language plpgsql as $$
declare
    s record;
begin
    -- Twins lock the same rows in whatever order their plans visit them: one after the other they cannot deadlock.
    perform pg_advisory_xact_lock(hashtextextended(p_first::text, 0));

    for s in
        with settled as (
            update messages
            set credit = case when state in ('sent', 'deferred', 'delivered', 'read', 'bounced', 'undelivered')
                              then 'captured' else 'released' end
            where uid between p_first and p_last and credit = 'held'
              and state not in ('scheduled', 'queued', 'processing', 'unknown')
            returning uid, account_id, channel, price, credit
        ), written as (
            insert into journal (account_id, channel, uid, attempt, kind, amount)
            select account_id, channel, uid, 0, case credit when 'captured' then 'capture' else 'release' end, price
            from settled
            returning account_id, channel, kind, amount
        )
        select account_id, channel, sum(amount) as all_held,
               coalesce(sum(amount) filter (where kind = 'capture'), 0) as captured,
               coalesce(sum(amount) filter (where kind = 'release'), 0) as released
        from written group by account_id, channel order by account_id, channel
    loop
        update wallets w set held = w.held - s.all_held, spent = w.spent + s.captured, available = w.available + s.released
            where w.account_id = s.account_id and w.channel = s.channel;
    end loop;
end $$;
