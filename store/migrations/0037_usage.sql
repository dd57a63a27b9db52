-- Counters of messages by account, channel, gateway and day (docs/decisions/0023-usage.md).

-- What each statement that changed messages adds to the counters. Rows are only ever added, so no page waits for
-- another's; workers fold them into usage_days.
create table usage_changes (
    account_id bigint not null,
    channel    text not null,
    gateway_id uuid,                -- null: no gateway has had them
    day        date not null,       -- in UTC, on which they were accepted
    accepted   bigint not null,     -- all; what is in none of the following still waits
    sent       bigint not null,     -- a gateway accepted them, and no more is known
    delivered  bigint not null,
    failed     bigint not null,
    unknown    bigint not null,
    credits    bigint not null      -- spent on them
) with (vacuum_truncate = off);
create table usage_days (like usage_changes);
create unique index usage_days_key on usage_days (day, account_id, channel, gateway_id) nulls not distinct;
create index usage_days_account on usage_days (account_id, day);
create index usage_days_gateway on usage_days (gateway_id, day);

-- Earlier messages are not counted: their counters would begin in the middle. A new install counts all; in another one
-- processes of the release before go on for some minutes with functions that do not count.
create table usage_mark (uid uuid not null);
insert into usage_mark
    select case when exists (select from accounts where id > 0) then uid_at(clock_timestamp() + interval '5 minutes')
                else uid_at('epoch') end;

-- Triggers need their functions at once; those that count are in store/functions.
create function count_messages() returns trigger language plpgsql as 'begin return null; end';
create function count_batch() returns trigger language plpgsql as 'begin return null; end';
create trigger messages_counted after update on messages
    referencing old table as message_was new table as message_is
    for each statement execute function count_messages();
create trigger batches_counted after insert or delete on batches for each row execute function count_batch();
