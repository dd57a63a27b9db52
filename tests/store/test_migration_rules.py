"""Migrations block no other session: every file from 0013 on, and the rule itself."""

import pytest

from store.migrate import OUTSIDE_TRANSACTION, migrations
from tests.store.migration_rules import blocking

RULE_SINCE = "0013"
"""Earlier files stay as they are, because they were applied as they are."""

READ_BY_PEOPLE = {
    "0027_end_of_first_partitions.sql": "constraints that are not checked; rows only of clocks that were wrong, by key",
    "0030_administration.sql": "moves the audit log, which grew by decisions that people made",
    "0041_failures.sql": "makes new tables and triggers; store/migrate.py fills them in short steps",
    "0044_audit_stream.sql": "reads one row of the audit log, the last one by its key",
    "0064_contact_lists.sql": "builds indexes of a table that 0063, of the same release, has made: it is empty",
    "0086_short_links.sql": "makes a new table with its partitions, which are empty",
    "0120_end_of_first_requests.sql": "as 0027, of the log of requests",
    "0122_partitions_of_requests.sql": "as 0029: changes the catalogue alone",
    "0123_end_of_first_events.sql": "as 0027, of what happened to contacts",
    "0125_partitions_of_events.sql": "as 0029: changes the catalogue alone, and makes triggers",
    "0029_partitions.sql": "changes the catalogue alone: what it attaches was checked before",
}
"""Files whose statements the rule cannot see, and why they are quick. ``tests/upgrade/test_locks.py`` measures them."""


def test_every_file_has_a_number_of_its_own():
    numbers = [int(name[:4]) for name, _ in migrations()]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(
    "name", [name for name, _ in migrations() if name >= RULE_SINCE and name not in READ_BY_PEOPLE]
)
def test_no_migration_holds_up_a_table_that_grows_with_traffic(name: str):
    assert blocking(dict(migrations())[name]) == []


@pytest.mark.parametrize(
    ("name", "count"),
    [("0005_batches.sql", 1), ("0006_receipts.sql", 2), ("0010_inbound.sql", 1), ("0011_fallback.sql", 1)],
)
def test_the_rule_sees_what_held_up_big_tables_before_there_was_one(name: str, count: int):
    assert len(blocking(dict(migrations())[name])) == count


@pytest.mark.parametrize(
    "statement",
    [
        "create index messages_x on messages (x)",
        "CREATE UNIQUE INDEX if not exists messages_x\n  ON only messages USING hash (x)",
        "create index concurrently if not exists messages_x on messages (x)",
        "alter table messages add check (price > 0)",
        "alter table messages add column a text, add constraint c check (f(a, 'not valid') > 0)",
        "alter table attempts add foreign key (uid) references messages (uid)",
        "alter table messages add constraint c not null reason",
        "alter table messages validate constraint c",
        "alter table messages add primary key (uid)",
        "alter table messages add constraint u unique (provider_id)",
        "alter table messages alter column price type bigint",
        "alter table messages alter price set data type bigint using price + 1",
        "alter table messages alter column reason set not null",
        "alter table messages set unlogged",
        "alter table messages add column at timestamptz not null default clock_timestamp()",
        "alter table messages add at timestamptz default ('epoch'::timestamptz + random() * interval '1 s')",
        "alter table messages add column a text check (a <> '')",
        "alter table messages add column a uuid references other (id)",
        "alter table messages add column a bigint generated always as identity",
        "alter table messages add column a bigserial",
        "update messages set price = 0",
        "with x as (select 1) delete from journal using x",
        "update accounts set name = (select max(reason) from messages)",
        "insert into accounts (id) select account_id from messages",
        "create table copy as select * from messages",
        "do $$ begin update messages set price = 0; end $$",
        "select move_everything()",
        "lock table messages",
        "truncate receipts",
        "create table mine (a integer); insert into mine select price from messages",
    ],
)
def test_the_rule_sees(statement: str):
    assert blocking(f"-- What it is for.\n{statement};")


@pytest.mark.parametrize(
    "statement",
    [
        "create table mine (a integer check (a > 0)); create index mine_a on mine (a); insert into mine values (1)",
        "create index gateways_x on gateways (account_id, channel) where enabled",
        "alter table gateways add check (priority > 0)",
        "alter table messages add constraint c check (price > 0) not valid",
        "alter table messages drop constraint messages_credit_check, add constraint c check (price > 0) not valid",
        "alter table messages add column a text, add b boolean not null default false, add c text default 'x'::text",
        "alter table messages add column at timestamptz default now()",
        "alter table messages alter column reason drop not null",
        "alter table messages drop column reason",
        "drop index messages_recipient",
        "update gateways set priority = 100 where priority < 0",
        "insert into accounts (id) values (-1)",
        "create function f() returns void language sql as $$ update messages set price = 0 $$",
        "create trigger t before update on messages for each row execute function f()",
    ],
)
def test_the_rule_passes(statement: str):
    assert blocking(f"-- What it is for.\n{statement};") == []


@pytest.mark.parametrize(
    "statement",
    [
        "create index concurrently if not exists messages_x on messages (x) where state = 'queued'",
        "drop index concurrently if exists messages_x",
        "alter table messages validate constraint c",
    ],
)
def test_the_rule_passes_outside_a_transaction(statement: str):
    assert blocking(f"{OUTSIDE_TRANSACTION}\n{statement};") == []
