-- As take_credits, for messages of a key that may spend only so much in a day, over all channels. Those beyond that get
-- 'spend_cap_reached', and what was taken for them is given back. A key without a limit has none of this.
drop function if exists take_keyed_credits(bigint, text, text[], integer[], boolean, text);
create or replace function take_keyed_credits(
    p_account bigint, p_channel text, p_recipients text[], p_prices integer[], p_exempt boolean, p_key text,
    p_purposes text[] default null
) returns text[] language plpgsql
set enable_seqscan = off
as $$
declare
    v_codes text[] := take_credits(p_account, p_channel, p_recipients, p_prices, p_exempt, p_purposes);
    v_cap   bigint;
    v_day   date;
    v_limit bigint;
    v_spent bigint;
    v_more  bigint := 0;
    v_back  bigint := 0;
    v_over  bigint := 0;
begin
    select k.spend_cap, (now() at time zone a.time_zone)::date, pc.daily_limit into v_cap, v_day, v_limit
        from api_keys k join accounts a on a.id = k.account_id
        left join plan_channels pc on pc.plan_id = a.plan_id and pc.channel = p_channel
        where k.id = p_key;
    if v_cap is null then
        return v_codes;
    end if;
    insert into key_spend as s values (p_key, v_day, 0)
        on conflict (key_id, day) do update set credits = s.credits returning credits into v_spent;

    for i in 1 .. cardinality(p_recipients) loop
        if v_codes[i] is null and v_spent + v_more + p_prices[i] > v_cap then
            v_codes[i] := 'spend_cap_reached';
            v_back := v_back + p_prices[i];
            v_over := v_over + 1;
        elsif v_codes[i] is null then
            v_more := v_more + p_prices[i];
        end if;
    end loop;

    if v_back > 0 then
        update wallets w set available = w.available + v_back, held = w.held - v_back
            where w.account_id = p_account and w.channel = p_channel;
    end if;
    if v_over > 0 and v_limit is not null then
        update daily_usage d set messages = d.messages - v_over
            where d.account_id = p_account and d.channel = p_channel and d.day = v_day;
    end if;
    if v_more > 0 then
        update key_spend s set credits = s.credits + v_more where s.key_id = p_key and s.day = v_day;
    end if;
    return v_codes;
end $$;
