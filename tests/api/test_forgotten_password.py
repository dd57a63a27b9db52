"""A new password by mail: the answer tells nothing, the link works once, and all sessions end."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.access import forgotten
from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.log_in import PASSWORD, Person, enrol, member, post, some_address
from tests.gateways.fake_smtp import Mailroom, mail_server
from tests.stack import Stack

NEW = "a new passphrase"


@pytest_asyncio.fixture
async def mails(stack: Stack) -> AsyncIterator[Mailroom]:
    """A mail server that the install sends its own mail over."""
    owner = await admin(stack)
    async with mail_server() as room:
        server = {"host": "127.0.0.1", "port": room.port, "security": "none", "from_address": "shop@example.org"}
        await owner.data("PATCH", "/settings", {"system_mail": server | {"allow_private_network": True}})
        yield room
        await owner.data("PATCH", "/settings", {"system_mail": None})


async def until(room: Mailroom, count: int) -> None:
    async with asyncio.timeout(20):
        while len(room.mails) < count:
            await asyncio.sleep(0.01)


async def forget(stack: Stack, email: str, address: str | None = None) -> str:
    answer = await post(stack, "/api/auth/forgot", {"email": email}, address or some_address())
    assert answer.status_code == 200, answer.text
    return answer.text


def token_in(room: Mailroom, number: int = -1) -> str:
    plain = room.mails[number].get_body(("plain",))
    assert plain is not None
    (token,) = re.findall(r"xs_once_[\w-]+", plain.get_content())
    return token


async def reset(stack: Stack, token: str, password: str = NEW):
    return await post(stack, "/api/auth/reset", {"token": token, "password": password}, some_address())


async def test_a_link_by_mail_sets_a_password_once_and_ends_all_sessions(stack: Stack, mails: Mailroom):
    person = await member(await admin(stack))
    session = await person.begin()
    await forget(stack, person.email.upper())
    await until(mails, 1)
    assert mails.mails[0]["To"] == person.email
    assert (await session.call("GET", "/api/auth/me")).status_code == 200, "asking changes nothing"
    token = token_in(mails)
    answers = await asyncio.gather(*(reset(stack, token) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422]
    assert (await session.call("GET", "/api/auth/me")).status_code == 401
    assert (await person.log_in()).status_code == 401
    await person.begin(password=NEW)
    assert_error(await reset(stack, token), 422, "token_unusable", "/token")


async def test_the_answer_is_the_same_whoever_asks(stack: Stack, mails: Mailroom, monkeypatch: pytest.MonkeyPatch):
    """It does not wait for what tells somebody known from somebody unknown."""
    owner = await admin(stack)
    person, never_invited = await member(owner), await owner.user()
    removed = await member(owner)
    await owner.data("DELETE", f"/staff/{removed.id}")
    begun: list[str] = []
    held = asyncio.Event()

    async def hold(self: forgotten.Forgotten, email: str, context: object) -> None:
        begun.append(email)
        await held.wait()

    monkeypatch.setattr(forgotten.Forgotten, "_send", hold)
    emails = [person.email, never_invited["email"], removed.email, "nobody@example.com", "no address", ""]
    assert len({await forget(stack, email) for email in emails}) == 1
    assert begun == emails
    held.set()


async def test_only_who_has_a_password_and_may_log_in_gets_a_mail(stack: Stack, mails: Mailroom):
    owner = await admin(stack)
    person, never_invited = await member(owner), await owner.user()
    removed = await member(owner)
    await owner.data("DELETE", f"/staff/{removed.id}")
    for email in (never_invited["email"], removed.email, "nobody@example.com", person.email):
        await forget(stack, email)
    await until(mails, 1)
    assert [mail["To"] for mail in mails.mails] == [person.email]


async def test_one_person_gets_a_few_mails_an_hour_and_each_link_works(stack: Stack, mails: Mailroom):
    person, other = await member(await admin(stack)), await member(await admin(stack))
    for sent in range(forgotten.MOST_TOKENS):
        await forget(stack, person.email)
        await until(mails, sent + 1)
    await forget(stack, person.email)
    await forget(stack, other.email)
    await until(mails, forgotten.MOST_TOKENS + 1)
    assert [mail["To"] for mail in mails.mails].count(person.email) == forgotten.MOST_TOKENS
    first, second = token_in(mails, 0), token_in(mails, 1)
    assert (await reset(stack, first)).status_code == 200, "a stranger who asks does not make it useless"
    assert_error(await reset(stack, second), 422, "token_unusable", "/token")


async def test_a_link_ends_after_an_hour_and_with_a_changed_password(stack: Stack, mails: Mailroom):
    person = await member(await admin(stack))
    await forget(stack, person.email)
    await until(mails, 1)
    async with stack.pool.connection() as conn:
        await conn.execute(
            "update one_time_tokens set expires_at = expires_at - interval '1 hour' where person_id = %s", (person.id,)
        )
    assert_error(await reset(stack, token_in(mails)), 422, "token_unusable", "/token")
    await forget(stack, person.email)
    await until(mails, 2)
    session = await person.begin()
    await session.data("POST", "/api/auth/password", {"password": PASSWORD, "new_password": NEW})
    assert_error(await reset(stack, token_in(mails), "another passphrase"), 422, "token_unusable", "/token")


async def test_a_link_is_no_way_around_the_second_factor(stack: Stack, mails: Mailroom):
    person = await member(await admin(stack))
    factor = await enrol(await person.begin())
    await forget(stack, person.email)
    await until(mails, 1)
    assert (await reset(stack, token_in(mails))).status_code == 200
    assert_error(await person.log_in(password=NEW), 401, "code_needed")
    await person.begin(password=NEW, code=factor.code())


async def test_a_stranger_who_asks_too_often_waits(stack: Stack, mails: Mailroom):
    stranger = some_address()
    async with stack.pool.connection() as conn:
        await conn.execute(
            "insert into log_in_waits (subject, failed, at, until) values (%s, 50, now(), now() + interval '1 minute')",
            (f"address {stranger}",),
        )
    for email in ("nobody@example.com", (await member(await admin(stack))).email):
        delayed = await post(stack, "/api/auth/forgot", {"email": email}, stranger)
        assert_error(delayed, 429, "log_in_delayed")


async def test_without_a_mail_server_the_answer_is_the_same_and_nothing_is_issued(stack: Stack):
    owner = await admin(stack)
    person: Person = await member(owner)
    told = await forget(stack, person.email)
    assert told == await forget(stack, "nobody@example.com")
    assert await owner.data("GET", "/audit?action=password.forgotten&target=staff:" + str(person.id)) == []


async def test_who_asked_is_logged_without_the_token(stack: Stack, mails: Mailroom):
    owner = await admin(stack)
    person = await member(owner)
    await forget(stack, person.email, "198.18.77.77")
    await until(mails, 1)
    await reset(stack, token_in(mails))
    events = await owner.data("GET", f"/audit?target=staff:{person.id}")
    assert [(event["action"], event["actor"]["type"]) for event in events][:2] == [
        ("password.set", "staff"),
        ("password.forgotten", "unknown"),
    ]
    assert events[1]["context"]["ip"] == "198.18.77.77"
    assert token_in(mails) not in str(events)
