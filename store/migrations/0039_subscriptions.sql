-- How many of a plan's credits that are left stay at a renewal; null: all.
alter table plan_channels
    add column carry_over bigint check (carry_over >= 0);

-- What plans granted on a channel for the period that runs, with what was carried over into it, and what had been used
-- (spent and held) of the wallet when it began: what is left of it follows from the wallet.
create table plan_credits (
    account_id bigint not null references accounts (id),
    channel    text not null,
    credits    bigint not null check (credits >= 0),
    used       bigint not null,
    primary key (account_id, channel)
);

-- Plans that accounts get later: at a time, or (null) when the period of the plan that they have ends.
create table plan_changes (
    account_id   bigint primary key references accounts (id),
    plan_id      bigint not null references plans (id),
    renews       boolean not null,
    at           timestamptz,
    scheduled_by jsonb not null,
    scheduled_at timestamptz not null default now()
);
create index plan_changes_plan on plan_changes (plan_id);
