-- Objects that are kept by a settings file: how each was after it was last applied, sealed as it has secrets.
create table applied_objects (
    kind       text not null,
    key        text not null,
    object_id  text not null,
    document   bytea not null,
    applied_at timestamptz not null default now(),
    primary key (kind, key)
);
create index applied_objects_of on applied_objects (kind, object_id);
