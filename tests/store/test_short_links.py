"""Codes of short links: all different, in no visible order, and the same ones whenever they are asked for again."""

import asyncio
import json
import re
from itertools import pairwise
from uuid import UUID, uuid4

from domain.ids import message_uid, new_page_id
from store.accounts import accounts
from store.links import link_domains, settings, short_links
from store.operations import exports, purging
from store.pool import Pool

_CODES = "select short_code(n, %s) from unnest(%s::bigint[]) as n"
LAST = 62**8 - 1


async def codes(pool: Pool, secret: bytes, numbers: list[int]) -> list[str]:
    async with pool.connection() as conn:
        return [code for (code,) in await (await conn.execute(_CODES, (secret, numbers))).fetchall()]


async def test_numbers_have_codes_of_eight_characters_all_different_and_in_no_order(pool: Pool):
    numbers = [*range(3000), *range(LAST - 3000, LAST + 1)]
    made = await codes(pool, b"secret", numbers)
    assert len(set(made)) == len(numbers)
    assert all(re.fullmatch("[0-9A-Za-z]{8}", code) for code in made)
    assert sorted(made) != made
    close = sum(a[place] == b[place] for a, b in pairwise(made) for place in range(8))
    assert close / (8 * len(made)) < 0.05  # by chance 1 of 62
    assert len(set(made) & set(await codes(pool, b"other", numbers))) == 0


def links(count: int) -> dict[UUID, list[str]]:
    page = new_page_id()
    return {message_uid(page, n): ["https://x.test/a", f"https://x.test/{n}"][: 1 + n % 2] for n in range(count)}


async def test_each_link_of_each_message_has_one_code_also_if_several_ask_at_once(pool: Pool):
    wanted = links(500)
    first, *others = await asyncio.gather(*(short_links.codes_of(pool, wanted) for _ in range(4)))
    assert all(other == first for other in others)
    assert first == await short_links.codes_of(pool, wanted)
    assert {uid: len(targets) for uid, targets in wanted.items()} == {uid: len(found) for uid, found in first.items()}
    every = [code for found in first.values() for code in found]
    assert len(set(every)) == len(every) == 750
    part = dict(list(wanted.items())[10:20])
    assert await short_links.codes_of(pool, part) == {uid: first[uid] for uid in part}


async def test_a_code_without_its_message_means_nothing(pool: Pool):
    ((code,),) = (await short_links.codes_of(pool, links(1))).values()
    found = await short_links.find(pool, code, "links.test")
    assert (found.target, found.domain_of) == (None, None)


async def test_links_are_in_the_export_of_an_account_and_go_with_its_data(pool: Pool):
    account = await accounts.create(pool, f"{uuid4().hex}@example.com", "Ada", None, uuid4())
    wanted = links(2)
    for uid in wanted:
        await new_message(pool, account.id, uid)
    made = await short_links.codes_of(pool, wanted)
    await link_domains.add(pool, account.id, f"l{account.id}.test", "token", "send.example.com")
    rows = (await exports.of_messages(pool, list(wanted)))["short_links"]
    assert [json.loads(row)["code"] for _, row in rows] == [code for found in made.values() for code in found]
    code = made[next(iter(made))][0]
    assert (await short_links.find(pool, code, "")).target is not None
    await purging.forget_messages(pool, account.id, None)
    for step in purging.STEPS:
        await purging.do_step(pool, step, account.id)
    assert (await short_links.find(pool, code, "")).target is None
    assert await link_domains.page(pool, account.id, 2**62, 10) == []
    assert await settings.read(pool, account.id) == {}


async def new_message(pool: Pool, account_id: int, uid: UUID) -> None:
    async with pool.connection() as conn:
        await conn.execute(
            """insert into messages (uid, account_id, channel, recipient, state, price, credit)
               values (%s, %s, 'sms', '+14155550123', 'sent', 0, 'free')""",
            (uid, account_id),
        )
