-- Staff, their roles and keys; users by the ids of other systems; an audit log of one shape, chained by hashes.

create table roles (
    name        text primary key check (name ~ '^[a-z][a-z0-9-]{0,49}$'),
    permissions text[] not null,
    created_at  timestamptz not null default now()
);

create table staff (
    id         bigint generated always as identity primary key,
    email      text not null,
    name       text not null,
    role       text not null,                          -- one of every install (domain/permissions.py), or of roles
    status     text not null default 'active' check (status in ('active', 'removed')),
    expires_at timestamptz,
    created_at timestamptz not null default now()
);
create unique index staff_email on staff (lower(email)) where status <> 'removed';
create index staff_role on staff (role) where status <> 'removed';

alter table api_keys
    add column staff_id bigint references staff (id),
    drop constraint api_keys_kind_check,
    drop constraint api_keys_check,
    add constraint api_keys_kind check (
        case kind when 'user' then account_id > 0 and staff_id is null
                  when 'admin' then account_id = 0 and staff_id is null
                  when 'staff' then account_id = 0 and staff_id is not null
                  else false end);
create index api_keys_created on api_keys (created_at, id);
create index api_keys_staff on api_keys (staff_id) where staff_id is not null;

alter table accounts
    add column external_id text check (external_id <> ''),
    add column deleted_at  timestamptz;
update accounts set deleted_at = now() where status = 'deleted';
create unique index accounts_external_id on accounts (external_id) where status <> 'deleted';

-- Each event has the hash of itself and of the one before, and ids without gaps: append_audit writes them.
create table audit_events (
    id         bigint primary key,
    at         timestamptz not null,
    action     text not null,
    outcome    text not null check (outcome in ('ok', 'denied', 'failed')),
    actor      text not null,                          -- <type>:<id>, as in the event
    target     text,                                   -- the first target, <type>:<id>
    event      jsonb not null,
    hash       bytea not null
);
create index audit_events_target on audit_events (target, id);
create index audit_events_actor on audit_events (actor, id);
create index audit_events_action on audit_events (action, id);
create index audit_events_outcome on audit_events (outcome, id);
create index audit_events_at on audit_events (at, id);
create trigger audit_events_append_only before update or delete or truncate on audit_events
    for each statement execute function refuse_change();

-- What was logged before. The table stays for processes of the release before.
do $$
declare
    v_old  audit_log;
    v_hash bytea;
    v_id   bigint := 0;
begin
    for v_old in select * from audit_log order by id loop
        v_id := v_id + 1;
        insert into audit_events (id, at, action, outcome, actor, target, event, hash)
        select v_id, v_old.at, e.action, 'ok', e.actor, e.target, e.event,
               sha256(coalesce(v_hash, '') || convert_to(jsonb_build_array(
                   v_id, (extract(epoch from v_old.at) * 1000000)::bigint, e.action, 'ok', e.actor, e.target, e.event)::text,
                   'UTF8'))
        from (select 'message.resolved' as action,
                     case v_old.actor when 'cli' then 'cli:cli' else 'key:' || v_old.actor end as actor,
                     'message:' || v_old.object as target,
                     jsonb_build_object(
                         'version', 1,
                         'actor', jsonb_build_object(
                             'type', case v_old.actor when 'cli' then 'cli' else 'key' end, 'id', v_old.actor,
                             'name', '', 'role', null),
                         'targets', jsonb_build_array(
                             jsonb_build_object('type', 'message', 'id', v_old.object, 'name', '')),
                         'context', '{}'::jsonb, 'changes', '[]'::jsonb,
                         'reason', coalesce(v_old.detail ->> 'reason', ''), 'metadata', v_old.detail - 'reason') as event
        ) as e
        returning hash into v_hash;
    end loop;
end $$;
