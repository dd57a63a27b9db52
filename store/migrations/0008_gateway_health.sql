-- How gateways are operated, what became of what they were given, and who waits for one that is paused.

-- active; draining: takes no new pages; paused: nothing leaves. Beside `enabled`, without which it is no gateway at all.
alter table gateways add column mode text not null default 'active' check (mode in ('active', 'draining', 'paused'));

-- Tries by their outcomes, counted by the statement that writes these. Connections count in slots of their own: in one
-- row they would wait for each other's commits. No foreign key: an outcome is recorded though its gateway was deleted.
create table gateway_minutes (
    gateway_id   uuid not null,
    minute       timestamptz not null,
    slot         smallint not null,
    accepted     integer not null,
    refused      integer not null,
    retry_later  integer not null,
    gateway_down integer not null,
    unknown      integer not null,
    accepted_at  timestamptz,               -- the last time that it took a message
    primary key (gateway_id, minute, slot)
) with (fillfactor = 50);
create index gateway_minutes_age on gateway_minutes (minute);

create table gateway_activity (
    gateway_id      uuid primary key references gateways (id) on delete cascade,
    last_receipt_at timestamptz
);

-- Pages with messages that wait for a paused gateway, or for any of several.
create table gateway_waits (
    page_id    uuid not null,
    gateway_id uuid not null references gateways (id) on delete cascade,
    primary key (page_id, gateway_id)
);
create index gateway_waits_gateway on gateway_waits (gateway_id);
