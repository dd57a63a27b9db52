-- Files that emails carry. Pages refer to them, and any number of messages of an account share one.

create table attachments (
    id         bytea primary key,      -- SHA-256 over the account and the content: no account finds out what others sent
    account_id bigint not null references accounts (id),
    content    bytea not null,
    keep_until timestamptz not null
);
alter table attachments alter column content set storage external;  -- most files are compressed already
create index attachments_account on attachments (account_id);
create index attachments_past on attachments (keep_until);
