-- Trigger of batches: all messages of a batch are accepted with it, and no longer once it is deleted before it began. Copied
-- in bulk, they have no trigger of their own: it would make the copying slow. A finished batch goes with its partition.
create or replace function count_batch() returns trigger language plpgsql as $$
declare
    v_batch batches := coalesce(new, old);
begin
    if v_batch.id >= (select uid from usage_mark) and v_batch.finished_at is null and not v_batch.test then
        insert into usage_changes values (v_batch.account_id, v_batch.channel, null, uid_day(left(v_batch.id::text, 13)),
                                          case tg_op when 'INSERT' then v_batch.total else -v_batch.total end, 0, 0, 0, 0, 0);
    end if;
    return null;
end $$;
