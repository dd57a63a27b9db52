-- Sending that was paused by staff: of everybody or of one account, on all channels or on one. Few rows at any time.
create table sending_pauses (
    id         uuid primary key default gen_random_uuid(),
    account_id bigint references accounts (id),
    channel    text,
    reason     text not null,
    paused_by  text not null,
    created_at timestamptz not null default clock_timestamp()
);
create unique index sending_pauses_scope on sending_pauses (coalesce(account_id, -1), coalesce(channel, ''));

-- Pages with messages that wait until such a pause ends.
create table pause_waits (
    pause_id uuid not null,
    page_id  uuid not null,
    noted_at timestamptz not null default clock_timestamp(),
    primary key (pause_id, page_id)
);
