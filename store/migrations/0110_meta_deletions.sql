-- What people ask of Meta: that an app deletes what it has of them.
create table meta_deletions (
    code         text primary key,                      -- in the address at which they see what became of it
    source_id    uuid references lead_sources (id) on delete cascade, -- whose app it is; null: the install's
    user_id      text,                                  -- by which the app knows the person; null: it was carried out
    requested_at timestamptz not null default clock_timestamp(),
    done_at      timestamptz
);
create unique index meta_deletions_once on meta_deletions (user_id, source_id) nulls not distinct
    where user_id is not null;
