-- Erasures of persons: that they were asked for, and what was done. Nothing here names the person.
create table erasures (
    id          uuid primary key,           -- also that of the operation that carries it out
    account_id  bigint not null references accounts (id) on delete cascade,
    named_by    text not null,              -- contact, email, phone, whatsapp; lead: a lead had it deleted
    asked_by    jsonb not null,             -- {"type", "id", "key"}
    asked_at    timestamptz not null,
    repeated_at timestamptz,                -- when it was asked for once more, as the database was restored
    done_at     timestamptz,
    removed     jsonb not null default '{}',    -- rows by kind
    remains     jsonb not null default '[]'     -- [{"what", "rows", "until"}]
);
create index erasures_account on erasures (account_id, id);
