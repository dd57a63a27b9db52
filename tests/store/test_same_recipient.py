"""One person under several spellings: who wants no more messages gets none, however the recipient is written."""

from dataclasses import replace

import pytest

from store.pool import Pool
from tests.store.builders import held, new_account, new_page

PAIRS = [
    ("whatsapp", "+5582999448232", "+558299448232"),
    ("sms", "+5582999448232", "+558299448232"),
    ("whatsapp", "+5215512345678", "+525512345678"),
    ("whatsapp", "+5491123456789", "+541123456789"),
    ("email", "Case.Test@example.com", "case.test@example.com"),
]
DIFFERENT = [
    ("whatsapp", "+5582999448232", "+5582999448233"),
    ("whatsapp", "+5582999448232", "+5581999448232"),
    ("sms", "+14155550123", "+14155550124"),
    ("sms", "+5511333344445", "+551133334444"),
    ("email", "a@example.com", "a@example.org"),
]


async def asked(pool: Pool, query: str, *values: object) -> object:
    async with pool.connection() as conn:
        row = await (await conn.execute(query, values)).fetchone()
        assert row is not None
        return row[0]


@pytest.mark.parametrize(("channel", "one", "other"), [*PAIRS, *((c, b, a) for c, a, b in PAIRS)])
async def test_who_wants_no_more_is_known_by_every_spelling(fresh_pool: Pool, channel: str, one: str, other: str):
    account = await new_account(fresh_pool, 10)
    async with fresh_pool.connection() as conn:
        await conn.execute("insert into suppressions values (%s, %s, %s, 'opted_out')", (account, channel, one))
    page = replace(new_page(account, [0, 0]), channel=channel, recipients=[other, "+14155550123"])
    assert await held(fresh_pool, page) == {0: "suppressed"}


@pytest.mark.parametrize(("channel", "one", "other"), DIFFERENT)
async def test_others_are_others(fresh_pool: Pool, channel: str, one: str, other: str):
    account = await new_account(fresh_pool, 10)
    async with fresh_pool.connection() as conn:
        await conn.execute("insert into suppressions values (%s, %s, %s, 'opted_out')", (account, channel, one))
    page = replace(new_page(account, [0]), channel=channel, recipients=[other])
    assert await held(fresh_pool, page) == {}


@pytest.mark.parametrize(("channel", "one", "other"), [pair for pair in PAIRS if pair[0] != "email"])
async def test_all_spellings_of_a_number_are_found_from_each(pool: Pool, channel: str, one: str, other: str):
    for number in (one, other):
        found = await asked(pool, "select spellings(%s, %s)", channel, number)
        assert {one, other} <= set(found)


@pytest.mark.parametrize("number", ["+14155550123", "+5511", "+55119999", "+521234", "+54911", "+4915112345678"])
async def test_other_numbers_have_one_spelling(pool: Pool, number: str):
    assert set(await asked(pool, "select spellings('sms', %s)", number)) == {number}
