"""SQL text taken apart."""

import pytest

from store.migrate import migrations
from store.schema.live_functions import live_functions
from store.schema.statements import split, without_literals


@pytest.mark.parametrize(
    ("sql", "parts"),
    [
        ("select 1; select 2", ["select 1", "select 2"]),
        ("select 1;;\n;", ["select 1"]),
        ("-- one; two\nselect 1 /* a; b */ ;", ["select 1"]),
        ("select 'a;b''c;', E'\\';' ; select 2", ["select 'a;b''c;', E'\\';'", "select 2"]),
        ('select ";" from "a""b;"', ['select ";" from "a""b;"']),
        ("do $$ begin; end $$; select 1", ["do $$ begin; end $$", "select 1"]),
        ("do $f$ $$;$$ $f$; select $1", ["do $f$ $$;$$ $f$", "select $1"]),
        ("select a$b; select '--'; select 3", ["select a$b", "select '--'", "select 3"]),
        ("select 1--x", ["select 1"]),
        ("", []),
    ],
)
def test_statements_end_where_postgresql_ends_them(sql: str, parts: list[str]):
    assert split(sql) == parts


def test_literals_are_taken_out():
    assert (
        without_literals("Create  FUNCTION f()\n$$ UPDATE x; $$ 'It''s' \"Name\"")
        == "create function f() '' '' \"name\""
    )


async def test_all_migrations_and_functions_do_the_same_in_parts(fresh_pool):
    async with fresh_pool.connection() as conn:
        await conn.execute("create schema again")
        await conn.execute("set search_path = again")
        await conn.execute("set check_function_bodies = off")  # they call each other
        for _, sql in [*migrations(), *live_functions()]:
            for part in split(sql):
                await conn.execute(part.replace(" concurrently ", " "))
        rows = await conn.execute(
            """select pronamespace::regnamespace = 'again'::regnamespace, proname, md5(prosrc) from pg_proc
               where pronamespace in ('again'::regnamespace, 'public'::regnamespace)"""
        )
        found = await rows.fetchall()
    # Comments between statements are not part of functions, those within them are.
    assert {(n, s) for again, n, s in found if again} == {(n, s) for again, n, s in found if not again}
    assert len(found) > 20
