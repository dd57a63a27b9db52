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

-- Filters of lists that somebody keeps under a name: of a user, or of a member of staff.
create table saved_views (
    id         bigint generated always as identity primary key,
    account_id bigint references accounts (id) on delete cascade,
    staff_id   bigint references staff (id) on delete cascade,
    page       text not null,
    name       text not null,
    query      text not null,
    created_at timestamptz not null default clock_timestamp(),
    check ((account_id is null) <> (staff_id is null))
);
create unique index saved_views_of_account on saved_views (account_id, page, name) where account_id is not null;
create unique index saved_views_of_staff on saved_views (staff_id, page, name) where staff_id is not null;
