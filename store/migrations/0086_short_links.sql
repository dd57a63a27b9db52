-- Short links: each belongs to one message, so that a click names the person (docs/decisions/0037-short-links.md).
create table short_links (
    uid   uuid not null,                         -- the message
    place smallint not null,                     -- of the link among those of the message
    code  text collate "C" not null,
    url   text not null,                         -- where it leads; it never changes
    primary key (uid, place)
) partition by range (uid);
create index short_links_code on short_links (code);

-- Partitions as those of messages.
do $$
declare
    v_name text;
    v_bound text;
begin
    for v_name, v_bound in select p.relname, pg_get_expr(p.relpartbound, p.oid)
        from pg_inherits i join pg_class p on p.oid = i.inhrelid where i.inhparent = 'messages'::regclass
    loop
        execute format('create table %I partition of short_links %s', replace(v_name, 'messages', 'short_links'), v_bound);
    end loop;
end $$;

-- Codes are numbers in an order that only who knows the secret can tell (store/functions/short_code.sql).
create sequence short_link_numbers;
create table short_link_secret (secret bytea not null);
insert into short_link_secret
    select decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');

-- Whether an event was caused by a program, such as a scanner that follows links: then it counts nowhere.
alter table receipts add column scanner boolean not null default false;

-- What is done with the links of an account's messages (domain/links/shortening.py); null: it never set anything, and
-- has no link domain.
alter table accounts add column links jsonb;
