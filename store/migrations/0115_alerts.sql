-- Alerts of the install to its operators (docs/alerts.md): those that last, and what is still to be sent of them.

create table alerts (
    key        text primary key,                    -- the check, and what it is about
    id         uuid not null,
    check_name text not null,
    level      text not null,
    message    text not null,
    remedy     text not null,
    found_at   timestamptz not null,                -- first
    seen_at    timestamptz not null,                -- last
    told_at    timestamptz,                         -- last; null: it has not lasted for long enough
    tells      integer not null default 0,
    constraint alerts_level check (level in ('warning', 'failure'))
);

create table alert_deliveries (
    id         bigint generated always as identity primary key,
    way        text not null,
    address    text not null,                       -- of a mail; else empty
    subject    text not null,
    message    text not null,
    created_at timestamptz not null default clock_timestamp(),
    due_at     timestamptz not null default clock_timestamp(),
    tries      integer not null default 0,
    constraint alert_deliveries_way check (way in ('mail', 'slack'))
);
