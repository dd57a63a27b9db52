-- Store one part. Returns its message. A known part is a repeat; one whose index is free in a message that
-- is not being handed over joins it; any other starts a new message, since references are reused.
create or replace function keep_part(
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
