-- The people that an account knows, and the lists in which it keeps them (docs/decisions/0030-audience.md).
create table contacts (
    id           uuid primary key,               -- UUIDv7
    account_id   bigint not null references accounts (id),
    external_id  text,                           -- the account's own id of the person
    email        text,
    phone        text,                           -- E.164, for SMS
    whatsapp     text,                           -- E.164; null: as the phone
    first_name   text,
    last_name    text,
    language     text,                           -- BCP 47
    country      text,                           -- ISO 3166-1
    time_zone    text,                           -- IANA
    fields       jsonb not null default '{}',    -- custom fields: key -> value of the type in contact_fields
    tags         text[] not null default '{}',   -- sorted, without repeats
    groups       bigint[] not null default '{}', -- ids of contact_groups, the same
    origins      jsonb not null default '{}',    -- name of a value -> {"from": where it came from, "at": when}
    created_at   timestamptz not null default clock_timestamp(),
    updated_at   timestamptz not null default clock_timestamp()
);
create unique index contacts_external_id on contacts (account_id, external_id) where external_id is not null;
create unique index contacts_email on contacts (account_id, recipient_key('email', email)) where email is not null;
create unique index contacts_phone on contacts (account_id, recipient_key('sms', phone)) where phone is not null;
create unique index contacts_whatsapp on contacts (account_id, recipient_key('whatsapp', whatsapp))
    where whatsapp is not null;
create index contacts_newest on contacts (account_id, id);

-- The custom fields of an account, with their types.
create table contact_fields (
    account_id bigint not null references accounts (id),
    key        text not null,
    type       text not null check (type in ('text', 'number', 'boolean', 'date', 'time')),
    label      text not null default '',
    created_at timestamptz not null default clock_timestamp(),
    primary key (account_id, key)
);

create table contact_groups (
    id         bigint generated always as identity primary key,
    account_id bigint not null references accounts (id),
    key        text not null,                    -- how files and flows name it
    name       text not null,
    created_at timestamptz not null default clock_timestamp(),
    unique (account_id, key)
);
