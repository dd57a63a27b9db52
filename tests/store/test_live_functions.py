"""The SQL function that runs is the one in its file."""

import re

import psycopg
import pytest
import pytest_asyncio

from embedded.engine import Engine
from store.migrate import migrate, migrations
from store.schema.live_functions import live_functions
from tests.databases import new_database

TABLES_ONLY_SINCE = "0027"
STUB = re.compile(r"create function \w+\(\) returns trigger language plpgsql as 'begin return null; end';")
"""What a trigger needs at once; the function itself follows after the migrations."""
WHOLE = {"0122_partitions_of_requests.sql": "refuse_ctid: old code must be refused from the first moment on"}
"""Migrations whose functions do something from the beginning, and why."""
LEFT_OVER = {("opt_out", 3): "the first release's workers call it"}
"""Functions without a file, by name and number of arguments, and why they are still there."""

_RUNNING = """
select p.proname, p.pronargs, p.prosrc from pg_proc p
where p.pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
"""


@pytest_asyncio.fixture(loop_scope="session")
async def url(engine: Engine) -> str:
    """An empty database."""
    return await new_database(engine.database_url)


async def running(url: str) -> list[tuple[str, int, str]]:
    async with await psycopg.AsyncConnection.connect(url) as conn:
        return await (await conn.execute(_RUNNING)).fetchall()


async def test_every_function_has_a_file_and_runs_as_that_says(url: str):
    await migrate(url)
    texts = {name.removeprefix("functions/").removesuffix(".sql"): text for name, text in live_functions()}
    found = [(name, source) for name, count, source in await running(url) if (name, count) not in LEFT_OVER]
    assert sorted(name for name, _ in found) == sorted(texts)
    assert [name for name, source in found if source not in texts[name]] == []


async def test_a_function_whose_file_has_changed_is_put_in_place_and_the_others_are_let_be(
    url: str, monkeypatch: pytest.MonkeyPatch
):
    await migrate(url)
    changed = [(name, text.replace("select", "select  ")) for name, text in live_functions() if "/page_of" in name]
    monkeypatch.setattr("store.schema.live_functions.live_functions", lambda: changed)
    assert await migrate(url) == ["functions/page_of.sql"]
    assert ("page_of", 1, changed[0][1].split("$$")[1]) in await running(url)
    assert await migrate(url) == []


async def test_functions_are_put_in_place_all_or_none(url: str, monkeypatch: pytest.MonkeyPatch):
    await migrate(url)
    before = await running(url)
    (page_of,) = [(name, text.replace("select", "select  ")) for name, text in live_functions() if "/page_of" in name]
    broken = ("functions/x.sql", "create or replace function page_of(p_uid uuid) returns text language sql as 'x'")
    monkeypatch.setattr("store.schema.live_functions.live_functions", lambda: [page_of, broken])
    with pytest.raises(psycopg.errors.InvalidFunctionDefinition):
        await migrate(url)
    assert sorted(await running(url)) == sorted(before)


async def test_a_database_of_an_earlier_version_gets_the_functions_of_this_one(url: str):
    await migrate(url, migrations())
    assert await migrate(url) == [name for name, _ in live_functions()]


def test_new_migrations_make_tables_and_no_functions():
    new = {name: text.lower() for name, text in migrations() if name >= TABLES_ONLY_SINCE and name not in WHOLE}
    without_stubs = {name: STUB.sub("", text) for name, text in new.items()}
    assert [
        name for name, text in without_stubs.items() if re.search(r"create (or replace )?(function|view)", text)
    ] == []
