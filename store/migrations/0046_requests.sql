-- The log of requests, and the last uses of keys: written in groups by processes of the API.
create table request_log (
    id           bigint generated always as identity primary key,
    at           timestamptz not null,
    request_id   text not null,
    account_id   bigint,              -- of its key; null: it carried none that is known
    key_id       text,
    method       text not null,
    path         text not null,       -- without its query
    status       smallint not null,
    milliseconds real not null,
    ip           text not null,
    code         text,                -- of its error
    ids          text[] not null,     -- that its answer gave
    body         text                 -- of a failed one, redacted
);
create index request_log_at on request_log (at);
create index request_log_account on request_log (account_id, id);
create index request_log_key on request_log (key_id, id);
create index request_log_request on request_log (request_id);
create index request_log_failed on request_log (id) where status >= 400;

create table key_uses (
    key_id       text primary key references api_keys (id) on delete cascade,
    last_used_at timestamptz not null,
    last_used_ip text not null
) with (fillfactor = 50);
