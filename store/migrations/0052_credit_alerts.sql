-- When an account wants to hear that a wallet runs low: below an amount, or a share of what its plan grants.
create table credit_alerts (
    account_id bigint not null references accounts (id),
    channel    text not null,
    amount     bigint check (amount > 0),
    percent    smallint check (percent between 1 and 100),
    low_since  timestamptz,                -- since when it is low, and was told so; null: it is not
    primary key (account_id, channel),
    check ((amount is null) <> (percent is null))
);
