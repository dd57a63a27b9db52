"""Who guesses waits longer and longer, and keeps nobody else out."""

import asyncio
import threading
from collections import Counter

import pytest

from domain.access.log_in_waits import OF_ADDRESS, OF_PAIR, network_of, pair_subject
from services.access import hashing
from services.access.hashing import AT_A_TIME, Hashing
from store.access import log_in_waits
from store.pool import Pool
from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.log_in import Person, member, some_address
from tests.stack import Stack


async def pass_time(stack: Stack, seconds: float) -> None:
    """As if everybody had waited."""
    async with stack.pool.connection() as conn:
        await conn.execute(
            "update log_in_waits set until = until - %s * interval '1 s', at = at - %s * interval '1 s'",
            (seconds, seconds),
        )


def are_few(tries: int, free: int) -> bool:
    """Those that are free, and one more for each wait that has passed meanwhile: two minutes hold seven."""
    return free <= tries <= free + 7


async def guess(person: Person, **more: str) -> int:
    return (await person.log_in(password="a wrong guess", **more)).status_code


async def test_tries_in_vain_wait_twice_as_long_each_time_and_a_success_ends_that(stack: Stack):
    person = await member(await admin(stack))
    assert [await guess(person) for _ in range(OF_PAIR.free)] == [401] * OF_PAIR.free
    waits = []
    for _ in range(12):
        delayed = await person.log_in(password="a wrong guess")
        assert_error(delayed, 429, "log_in_delayed")
        waits.append(int(delayed.headers["retry-after"]))
        await pass_time(stack, waits[-1])
        assert await guess(person) == 401
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert_error(await person.log_in(), 429, "log_in_delayed")
    await pass_time(stack, 900)
    await person.begin()
    assert await guess(person) == 401, "the count begins anew"


async def test_a_stranger_does_not_keep_the_owner_out(stack: Stack):
    person, stranger = await member(await admin(stack)), some_address()
    assert await guess(person, address=stranger) == 401
    async with stack.pool.connection() as conn:
        await conn.execute("update log_in_waits set failed = 20 where subject like %s", (f"pair % {stranger}",))
    assert await guess(person, address=stranger) == 401
    assert (await person.log_in(address=stranger)).status_code == 429, "not even with the right password"
    assert (await person.log_in()).status_code == 200


async def test_parallel_tries_are_no_more_than_one_after_the_other(stack: Stack):
    person = await member(await admin(stack))
    answers = Counter(await asyncio.gather(*(guess(person) for _ in range(60))))
    assert are_few(answers[401], OF_PAIR.free)
    assert answers[401] + answers[429] == 60


async def test_one_address_guesses_few_passwords_of_many_people(stack: Stack):
    stranger, owner = some_address(), await admin(stack)
    person = await member(owner)
    answers = Counter(
        [await guess(person, email=f"victim-{number}@example.com", address=stranger) for number in range(60)]
    )
    assert are_few(answers[401], OF_ADDRESS.free)
    assert answers[401] + answers[429] == 60
    assert (await person.log_in()).status_code == 200


async def test_an_account_of_ones_own_does_not_wash_guesses_away(stack: Stack):
    owner, stranger = await admin(stack), some_address()
    own, victim = await member(owner), await member(owner)
    answers = []
    for _ in range(OF_PAIR.free + 5):
        answers.append(await guess(victim, address=stranger))
        await own.log_in(address=stranger)
    assert are_few(answers.count(401), OF_PAIR.free)
    for number in range(OF_ADDRESS.free):
        await guess(victim, email=f"v{number}@example.com", address=stranger)
        await own.log_in(address=stranger)
    assert await guess(victim, email="another@example.com", address=stranger) in (401, 429)
    async with stack.pool.connection() as conn:
        row = await (
            await conn.execute("select failed from log_in_waits where subject = %s", (f"address {stranger}",))
        ).fetchone()
    assert row is not None
    assert row[0] >= OF_ADDRESS.free


async def test_an_unknown_address_waits_as_a_known_one_does(stack: Stack):
    person, here = await member(await admin(stack)), some_address()
    known = [await guess(person, address=some) for some in [here] * 8]
    unknown = [await guess(person, email="nobody@example.com", address=some) for some in [some_address()] * 8]
    assert known == unknown


@pytest.mark.parametrize("forged", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP"])
async def test_a_forged_address_counts_as_the_real_one(stack: Stack, forged: str):
    """The proxy appends the address that it sees: what stands before it is the client's own invention."""
    person, real = await member(await admin(stack)), some_address()
    answers = []
    for _ in range(OF_PAIR.free + 5):
        headers = [("X-Forwarded-For", real), (forged, some_address())]
        if forged == "X-Forwarded-For":
            headers = [("X-Forwarded-For", f"{some_address()}, {real}")]
        body = {"email": person.email, "password": "a wrong guess"}
        answers.append((await stack.http.post("/api/auth/login", json=body, headers=headers)).status_code)
    assert are_few(answers.count(401), OF_PAIR.free)


async def test_hundreds_of_tries_hash_a_few_passwords(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    """From one address, fifty at a time."""
    person, hashed = await member(await admin(stack)), []
    verify = hashing._is_of

    def counting(stored: str, password: str) -> bool:
        hashed.append(password)
        return verify(stored, password)

    monkeypatch.setattr(hashing, "_is_of", counting)
    for _ in range(6):
        await asyncio.gather(*(guess(person) for _ in range(50)))
    assert are_few(len(hashed), OF_PAIR.free)


async def test_few_hashes_run_at_a_time_also_when_callers_have_gone(monkeypatch: pytest.MonkeyPatch):
    running, most, ended = 0, 0, 0

    def slow(stored: str, password: str) -> bool:
        nonlocal running, most, ended
        running += 1
        most = max(most, running)
        while not release:
            pass_on.wait(0.01)
        running -= 1
        ended += 1
        return True

    pass_on, release = threading.Event(), []
    monkeypatch.setattr(hashing, "_is_of", slow)
    one = Hashing()
    tasks = [asyncio.create_task(one.verify("x", "y")) for _ in range(10)]
    while running < AT_A_TIME:
        await asyncio.sleep(0.001)
    for task in tasks[:5]:
        task.cancel()
    more = [asyncio.create_task(one.verify("x", "y")) for _ in range(5)]
    await asyncio.sleep(0)
    release.append(True)
    await asyncio.gather(*tasks, *more, return_exceptions=True)
    one.close()
    assert (most, ended >= 10) == (AT_A_TIME, True)


async def test_a_flood_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hashing, "MOST_WAITING", 4)
    one = Hashing()
    results = await asyncio.gather(*(one.verify(None, "guess") for _ in range(20)), return_exceptions=True)
    one.close()
    assert [result for result in results if not isinstance(result, Exception)] == [False] * 4
    assert {getattr(result, "code", "") for result in results if isinstance(result, Exception)} == {"busy"}


async def test_what_is_old_is_forgotten(fresh_pool: Pool):
    subject = pair_subject("a@example.com", "192.0.2.1")
    for _ in range(OF_PAIR.free):
        assert await log_in_waits.take(fresh_pool, subject, OF_PAIR) == 0
    assert await log_in_waits.take(fresh_pool, subject, OF_PAIR) > 0
    async with fresh_pool.connection() as conn:
        await conn.execute("update log_in_waits set at = now() - interval '25 hours', until = now()")
    for _ in range(OF_PAIR.free):
        assert await log_in_waits.take(fresh_pool, subject, OF_PAIR) == 0
    async with fresh_pool.connection() as conn:
        await conn.execute("update log_in_waits set at = now() - interval '25 hours'")
    await log_in_waits.delete_old(fresh_pool)
    async with fresh_pool.connection() as conn:
        assert await (await conn.execute("select * from log_in_waits")).fetchall() == []


async def test_a_clock_that_was_set_back_holds_nobody_up(fresh_pool: Pool):
    subject = pair_subject("a@example.com", "192.0.2.1")
    await log_in_waits.take(fresh_pool, subject, OF_PAIR)
    async with fresh_pool.connection() as conn:
        await conn.execute("update log_in_waits set at = now() + interval '1 day', until = now() + interval '1 day'")
    assert await log_in_waits.take(fresh_pool, subject, OF_PAIR) == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("2001:db8:1:3::9", "2001:db8:1:3::"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(address: str, network: str):
    assert network_of(address) == network
