-- For messages that got a state in which they failed, or left one. Whoever writes the message has locked it, and so its
-- row here.
create or replace function note_failure() returns trigger language plpgsql as $$
begin
    if is_failure(new.state) then
        insert into failures as f (uid, account_id, channel, gateway_id, state, code, at)
            values (new.uid, new.account_id, new.channel, new.gateway_id, new.state, new.code, new.updated_at)
            on conflict (uid) do update set gateway_id = excluded.gateway_id, state = excluded.state,
                                            code = excluded.code, at = excluded.at;
    else
        delete from failures f where f.uid = new.uid;
    end if;
    return null;
end $$;
