-- Messages from people, and what they end.

create table inbound_messages (
    id          uuid primary key,        -- digest of the gateway and the provider's id of it
    gateway_id  uuid not null,
    account_id  bigint not null,         -- the gateway's owner
    channel     text not null,
    sender      text not null,
    recipient   text not null,
    name        text,
    body        text not null,
    media       text[] not null,
    answers     text,                    -- the provider's id of the message it answers
    keyword     text check (keyword in ('stop', 'start', 'help')),
    reply_page  uuid,                    -- the page of the confirmation, minted with the row: sent once
    at          timestamptz not null,
    received_at timestamptz not null default clock_timestamp()
);
create index inbound_messages_account on inbound_messages (account_id, received_at, id);

create table keyword_sets (
    account_id bigint primary key references accounts (id),
    stop       text[],
    start      text[],
    help       text[],
    replies    jsonb not null default '{}'
);

-- Whom a STOP concerns, and what is still to come for a recipient.
create index messages_recipient on messages (recipient, channel);

-- The accounts that a recipient means who writes to a gateway: its owner, and whoever wrote through it.
create function accounts_heard(p_gateway uuid, p_channel text, p_recipient text)
returns setof bigint language sql stable as $$
    select g.account_id from gateways g where g.id = p_gateway
    union
    select m.account_id from messages m
        where m.recipient = p_recipient and m.channel = p_channel and m.gateway_id = p_gateway
$$;

-- End what is still to come for a recipient. What waits in pages of batches ends here; returns the messages that wait
-- in pages under way, whose workflows must be told.
create function opt_out(p_gateway uuid, p_channel text, p_recipient text) returns setof uuid language plpgsql as $$
declare
    v_accounts bigint[] := array(select accounts_heard(p_gateway, p_channel, p_recipient));
begin
    insert into suppressions (account_id, channel, recipient, reason)
        select a, p_channel, p_recipient, 'opted_out' from unnest(v_accounts) as a on conflict do nothing;
    update messages m set state = 'cancelled', code = 'opted_out', reason = 'the recipient wants no more messages',
                          credit = 'free', updated_at = clock_timestamp()
        where m.recipient = p_recipient and m.channel = p_channel and m.account_id = any(v_accounts)
          and m.credit = 'pending';
    return query select m.uid from messages m
        where m.recipient = p_recipient and m.channel = p_channel and m.account_id = any(v_accounts)
          and m.state in ('scheduled', 'queued', 'processing');
end $$;

-- As before; exempt pages may go to who wants no more messages: the confirmation of just that.
drop function hold_page(bigint, text, uuid[], text[], integer[], timestamptz[], text[]);
create function hold_page(
    p_account bigint, p_channel text, p_uids uuid[], p_recipients text[], p_prices integer[],
    p_schedule timestamptz[], p_on_unknown text[], p_exempt boolean
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

    v_codes := take_credits(p_account, p_channel, p_recipients, p_prices, p_exempt);
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

drop function take_credits(bigint, text, text[], integer[]);
create function take_credits(
    p_account bigint, p_channel text, p_recipients text[], p_prices integer[], p_exempt boolean default false
) returns text[] language plpgsql as $$
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
