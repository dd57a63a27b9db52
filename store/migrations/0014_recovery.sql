-- Finding messages and batches whose workflows are gone, ending what is unknown, and who decided it.

-- Messages without an outcome, and those whose outcome is not known: few, whatever the size of the table.
create index messages_open on messages (uid) where state in ('scheduled', 'queued', 'processing');
create index messages_unknown on messages (uid) where state = 'unknown';
create index batches_open on batches (id) where finished_at is null;

-- What the sweep knows of the workflows of open pages and batches; `id` is the page's or the batch's.
create table workflow_checks (
    id            uuid primary key,
    next_at       timestamptz not null,            -- Temporal is not asked about it before
    restarts      smallint not null default 0,     -- how often the sweep started it again
    failing_tries integer not null default 0,      -- tries at its workflow task, all of which failed; 0: it works
    failing_since timestamptz
);
create index workflow_checks_next on workflow_checks (next_at);
create index workflow_checks_failing on workflow_checks (failing_since) where failing_since is not null;

-- What people decided by hand. Rows are only ever added.
create table audit_log (
    id     bigint generated always as identity primary key,
    at     timestamptz not null default clock_timestamp(),
    actor  text not null,                          -- id of the API key, or 'cli'
    action text not null,
    object text not null,                          -- what it was done to, by its id
    detail jsonb not null default '{}'
);
create index audit_log_object on audit_log (object, id);
create trigger audit_log_append_only before update or delete on audit_log
    for each statement execute function refuse_change();

-- The page of a message, the last uid that a page can have, and the batch of a page: domain/ids.py has the layout.
create function page_of(p_uid uuid) returns uuid language sql immutable strict parallel safe as $$
    select encode(set_byte(set_byte(b, 15, 0), 14, get_byte(b, 14) & 254), 'hex')::uuid from (select uuid_send(p_uid)) as x (b)
$$;
create function page_end(p_page uuid) returns uuid language sql immutable strict parallel safe as $$
    select encode(set_byte(set_byte(b, 15, 255), 14, get_byte(b, 14) | 1), 'hex')::uuid from (select uuid_send(p_page)) as x (b)
$$;
create function batch_of(p_page uuid) returns uuid language sql immutable strict parallel safe as $$
    select encode(set_byte(set_byte(set_byte(set_byte(b, 15, 0), 14, 0), 13, 0), 12, get_byte(b, 12) & 252), 'hex')::uuid
    from (select uuid_send(p_page)) as x (b)
$$;
