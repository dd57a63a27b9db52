-- What an account was filled with to look around: one row while there is some. What its user has changed since is theirs.
create table sample_data (
    account_id    bigint primary key references accounts (id) on delete cascade,
    contacts      uuid[] not null,
    group_id      bigint not null,
    segment_id    bigint not null,
    template_id   bigint not null,
    automation_id uuid not null,
    made_at       timestamptz not null default clock_timestamp()
);
