-- Credits that go from one account to another: an entry each, with the same uid; what leaves is negative. Every earlier
-- entry fits the conditions that were there before, so these need no validation.
alter table journal
    add column other_account bigint,       -- of a transfer: from whom, or to whom
    add constraint journal_kind check (
        kind in ('grant', 'deduct', 'hold', 'capture', 'release', 'refund', 'transfer')) not valid,
    add constraint journal_amount check (amount > 0 or (kind = 'transfer' and amount <> 0)) not valid,
    drop constraint journal_kind_check,
    drop constraint journal_amount_check;

-- Credits that users ask for, with a proof of payment.
create table credit_requests (
    id         bigint generated always as identity primary key,
    key        uuid not null unique,       -- of the request over HTTP: its repeat is the same one
    account_id bigint not null references accounts (id),
    channel    text not null,
    amount     bigint not null check (amount > 0),
    note       text not null,
    proof      bytea,
    proof_type text,
    state      text not null default 'pending' check (state in ('pending', 'approved', 'rejected')),
    granted    bigint check (granted > 0),
    reason     text not null default '',
    decided_by jsonb,
    decided_at timestamptz,
    created_at timestamptz not null default now(),
    check ((state = 'approved') = (granted is not null))
);
alter table credit_requests alter column proof set storage external;  -- images and PDFs are compressed already
create index credit_requests_account on credit_requests (account_id, id);
create index credit_requests_state on credit_requests (state, id);
