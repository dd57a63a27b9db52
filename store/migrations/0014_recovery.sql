-- Finding messages and batches whose workflows are gone, ending what is unknown, and who decided it.

-- What the sweep looks after; `id` is a page's or a batch's. A page has a row from the age of a few minutes until each of
-- its messages has an outcome that is known: most pages never have one. No index of `messages` has `state` in it, because
-- each change of a message would then have to change all its indexes.
create table workflow_checks (
    id            uuid primary key,
    next_at       timestamptz not null default clock_timestamp(),  -- it is not looked at before
    restarts      smallint not null default 0,     -- how often the sweep started it again
    failing_tries integer not null default 0,      -- tries at its workflow task, all of which failed; 0: it works
    failing_since timestamptz
);
create index workflow_checks_next on workflow_checks (next_at);
create index workflow_checks_failing on workflow_checks (failing_since) where failing_since is not null;

-- The last message, by uid, that was looked at for such pages. It has one row.
create table workflow_checks_mark (uid uuid not null);
insert into workflow_checks_mark values ('00000000-0000-0000-0000-000000000000');

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
-- The least uid of a time.
create function uid_at(p_at timestamptz) returns uuid language sql stable strict parallel safe as $$
    select (lpad(to_hex(floor(extract(epoch from p_at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Note the pages of the next p_rows messages after the mark that have no known outcome at the age of p_age, and move the
-- mark past them. Returns how many messages that were. Each is read once, in the order of the primary key; without other
-- ways to read them, a plan made while the table was small does not read all of it later.
create function collect_open_pages(p_age interval, p_rows integer) returns integer language plpgsql
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    v_mark uuid;
    v_last uuid;
    v_read integer;
begin
    select uid into strict v_mark from workflow_checks_mark for update;
    with chunk as materialized (
        select m.uid, m.state from messages m where m.uid > v_mark and m.uid < uid_at(now() - p_age)
        order by m.uid limit p_rows
    ), noted as (
        insert into workflow_checks (id)
            select distinct page_of(c.uid) from chunk c where c.state in ('scheduled', 'queued', 'processing', 'unknown')
        on conflict do nothing
    )
    select count(*), (select c.uid from chunk c order by c.uid desc limit 1) into v_read, v_last from chunk;
    if v_read > 0 then
        update workflow_checks_mark set uid = v_last;
    end if;
    return v_read;
end $$;
