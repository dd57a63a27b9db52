-- When the personal data of a deleted account was removed, or began to be: it cannot be restored from then on.
alter table accounts add column purged_at timestamptz;

-- Parts of files that operations make, in the order in which they are put together; kept for some days.
create table operation_files (
    operation_id uuid not null references operations (id) on delete cascade,
    number       bigint generated always as identity,
    name         text not null,
    content      bytea not null,                       -- gzip
    created_at   timestamptz not null default clock_timestamp(),
    primary key (operation_id, name, number)
);
create index operation_files_age on operation_files (created_at);
