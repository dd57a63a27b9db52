-- Files of contacts that are being imported, in pieces; deleted when the import has ended.
create table import_files (
    id           uuid primary key,
    account_id   bigint not null references accounts (id),
    operation_id uuid references operations (id),          -- null: it is being uploaded, or its request was refused
    created_at   timestamptz not null default clock_timestamp()
);
create index import_files_account on import_files (account_id);

create table import_pieces (
    file_id uuid not null references import_files (id) on delete cascade,
    number  int not null,
    content bytea not null,
    primary key (file_id, number)
);
alter table import_pieces alter column content set storage external;  -- compressing takes longer than writing

-- Whom the rows of an import have been about so far. What it counts, and what a dry run would write, follows from it.
create table import_seen (
    operation_id uuid not null,                            -- no reference: checking it would take longer than the row
    key          text not null,                            -- c: a contact; x, p, w, e: an external id, or an address
    contact_id   uuid not null,                            -- of a dry run: also of one that it would make
    primary key (operation_id, key)
);

-- What columns held in an account's files, by the names of all columns.
create table import_mappings (
    account_id bigint not null references accounts (id),
    columns    text not null,                              -- a digest of their names
    mapping    jsonb not null,
    used_at    timestamptz not null default clock_timestamp(),
    primary key (account_id, columns)
);
