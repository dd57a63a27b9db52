"""What the previous release calls, reads and writes is still there after migrating."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from embedded.engine import Engine
from store.migrate import migrate
from tests.databases import new_database
from tests.upgrade.release import unpack_previous

DROPPED: dict[str, str] = {}
"""Functions and columns (``table.column``) that are gone on purpose, and why the previous release can do without."""

_FUNCTIONS = """
select p.proname, p.proargtypes::regtype[]::text[], p.pronargdefaults, pg_get_function_result(p.oid)
from pg_proc p where p.pronamespace = 'public'::regnamespace
"""
_COLUMNS = """
select format('%s.%s', c.relname, a.attname), format_type(a.atttypid, a.atttypmod),
       a.attnotnull and not a.atthasdef and a.attidentity = ''
from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
"""


@dataclass(frozen=True)
class Function:
    """One SQL function, as a caller sees it."""

    name: str
    arguments: tuple[str, ...]
    defaults: int
    """How many of the last arguments may be left out."""
    result: str

    def takes_calls_of(self, other: "Function") -> bool:
        """Whether a call of the other finds this one, and gets the same columns."""
        given = len(other.arguments) - other.defaults
        return (
            (self.name, self.result) == (other.name, other.result)
            and self.arguments[: len(other.arguments)] == other.arguments
            and len(self.arguments) - self.defaults <= given
        )


@dataclass(frozen=True)
class Schema:
    """What code can use of a database."""

    functions: list[Function]
    columns: dict[str, str]
    """Type by ``table.column``."""
    required: set[str]
    """Columns that an insert must name."""


async def schema(url: str) -> Schema:
    async with await psycopg.AsyncConnection.connect(url) as conn:
        functions = await (await conn.execute(_FUNCTIONS)).fetchall()
        columns = await (await conn.execute(_COLUMNS)).fetchall()
    return Schema(
        [Function(name, tuple(arguments), defaults, result) for name, arguments, defaults, result in functions],
        {name: type_ for name, type_, _ in columns},
        {name for name, _, needed in columns if needed},
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def before_and_after(engine: Engine, tmp_path_factory) -> AsyncIterator[tuple[Schema, Schema]]:
    code = unpack_previous(tmp_path_factory.mktemp("previous"))
    url = await new_database(engine.database_url)
    await migrate(url, _files(code / "store" / "migrations"))
    before = await schema(url)
    await migrate(url)
    yield before, await schema(url)


def _files(folder: Path) -> list[tuple[str, str]]:
    return [(file.name, file.read_text()) for file in sorted(folder.glob("*.sql"))]


async def test_every_function_of_the_previous_release_can_still_be_called(before_and_after):
    before, after = before_and_after
    gone = [f for f in before.functions if not any(now.takes_calls_of(f) for now in after.functions)]
    assert [f for f in gone if f.name not in DROPPED] == []


async def test_every_column_of_the_previous_release_is_still_there(before_and_after):
    before, after = before_and_after
    changed = {name: type_ for name, type_ in before.columns.items() if after.columns.get(name) != type_}
    assert changed.keys() - DROPPED.keys() == set()


async def test_rows_that_the_previous_release_writes_are_still_complete(before_and_after):
    before, after = before_and_after
    tables = {name.split(".")[0] for name in before.columns}
    required = {name for name in after.required - before.required if name.split(".")[0] in tables}
    assert required == set()


def test_what_was_dropped_on_purpose_says_why():
    assert all(re.search(r"\w+ \w+", reason) for reason in DROPPED.values())


HOLD = Function("hold", ("bigint", "text"), 0, "integer")


@pytest.mark.parametrize(
    ("now", "takes"),
    [
        (HOLD, True),
        (Function("hold", ("bigint", "text", "boolean"), 1, "integer"), True),
        (Function("hold", ("bigint", "text", "boolean"), 0, "integer"), False),
        (Function("hold", ("bigint", "integer"), 0, "integer"), False),
        (Function("hold", ("bigint",), 0, "integer"), False),
        (Function("hold", ("bigint", "text"), 0, "text"), False),
    ],
)
def test_a_call_finds_a_function_that_takes_it(now: Function, takes: bool):
    assert now.takes_calls_of(HOLD) is takes
