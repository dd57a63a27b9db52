-- The next step for a message with a fallback: 'done', 'wait' for a receipt, or 'send' the fallback, whose page id is then
-- fixed. A repeated call gives the same answer.
create or replace function next_step(p_uid uuid, p_unless text, p_late boolean, p_page uuid)
returns table (step text, page uuid) language plpgsql as $$
declare
    m messages%rowtype;
begin
    select * into m from messages where uid = p_uid for update;
    if m.fallback_uid is not null then
        return query select 'send', m.fallback_uid;
    elsif m.state in ('cancelled', 'unknown') or is_needless(p_unless, m.state)
          or (m.state = 'sent' and not m.receipts) or m.recipient = '' then
        -- A gateway without receipts reports nothing more, and unknown is for operators to resolve. Who was erased gets
        -- nothing more.
        update messages set awaited = false where uid = p_uid and awaited;
        return query select 'done', null::uuid;
    elsif p_late or state_rank(m.state) = 30 then
        update messages set fallback_uid = p_page, unless = p_unless, awaited = false where uid = p_uid;
        return query select 'send', p_page;
    else
        update messages set awaited = true where uid = p_uid and not awaited;
        return query select 'wait', null::uuid;
    end if;
end $$;
