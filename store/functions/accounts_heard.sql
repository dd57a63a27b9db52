-- The accounts that an inbound message to a gateway concerns: its owner, and those that sent to the sender through it.
create or replace function accounts_heard(p_gateway uuid, p_channel text, p_recipient text)
returns setof bigint language sql stable as $$
    select g.account_id from gateways g where g.id = p_gateway
    union
    select m.account_id from messages m
        where m.recipient = any(spellings(p_channel, p_recipient)) and m.channel = p_channel and m.gateway_id = p_gateway
$$;
