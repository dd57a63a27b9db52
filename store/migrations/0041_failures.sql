-- Messages that did not arrive, or whose outcome is unknown, so that they are found without reading all others. Kept by
-- triggers: the processes of the release before write it, too. The triggers have conditions, so that messages that do
-- not fail cost no call; store/functions/is_failure.sql has the same states.
create table failures (
    uid        uuid primary key,
    account_id bigint not null,
    channel    text not null,
    gateway_id uuid,
    state      text not null,
    code       text,
    at         timestamptz not null       -- when it got this state
) partition by range (uid);
create index failures_account on failures (account_id, uid);
create index failures_gateway on failures (gateway_id, uid);
create index failures_code on failures (code, uid);
create index failures_state on failures (state, uid);
create index failures_at on failures (at);

-- Partitions as those of messages.
do $$
declare
    v_name text;
    v_bound text;
begin
    for v_name, v_bound in select p.relname, pg_get_expr(p.relpartbound, p.oid)
        from pg_inherits i join pg_class p on p.oid = i.inhrelid where i.inhparent = 'messages'::regclass
    loop
        execute format('create table %I partition of failures %s', replace(v_name, 'messages', 'failures'), v_bound);
    end loop;
end $$;

-- A trigger needs its function; store/functions/note_failure.sql has what it does.
create function note_failure() returns trigger language plpgsql as 'begin return null; end';
create trigger messages_inserted_failed after insert on messages for each row
    when (new.state in ('unknown', 'rejected', 'bounced', 'undelivered', 'expired', 'failed', 'cancelled'))
    execute function note_failure();
create trigger messages_failed after update of state on messages for each row
    when (new.state in ('unknown', 'rejected', 'bounced', 'undelivered', 'expired', 'failed', 'cancelled')
          or old.state in ('unknown', 'rejected', 'bounced', 'undelivered', 'expired', 'failed', 'cancelled'))
    execute function note_failure();

-- Below which uid earlier messages still have to be read for failures: fill_failures does it.
create table failures_unfilled (below uuid not null);
insert into failures_unfilled values ('ffffffff-ffff-ffff-ffff-ffffffffffff');

create index gateways_named on gateways (identifier);
