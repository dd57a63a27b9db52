"""Open pages change by themselves."""

import asyncio

from tests.api.log_in import Person
from tests.panel.browsing import Browsing
from tests.panel.test_forms import signed_in
from tests.stack import Stack, User


async def _send(install: Stack, account: User, number: str) -> str:
    body = {"contact": [{"number": number, "body": "Hello"}]}
    answer = await install.http.post("/api/sms/send", json=body, headers=account.headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"][0]["uid"])


async def test_a_message_that_is_being_sent_is_shown_as_it_goes_on(
    install: Stack, account: User, user: Person, browsing: Browsing
):
    uid = await _send(install, account, "+15005550003")  # its gateway fails twice first
    page = await browsing.log_in(user)
    await page.goto(f"/panel/messages/{uid}")
    await page.get_by_text("sandbox-sms accepted it").wait_for()


async def test_a_stream_tells_names_and_nothing_else(install: Stack, account: User, user: Person):
    async with (
        signed_in(install, user) as client,
        client.stream("GET", "/panel/live", params={"topic": "home"}) as answer,
    ):
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 3000"
        async with asyncio.timeout(30):
            for _ in range(2):  # at once, as the page may be older; then when something is sent
                assert [line async for line in _until_told(lines)] == ["event: changed", "data: home"]
                await _send(install, account, "+14155550123")


async def _until_told(lines):
    async for line in lines:
        if line.startswith(("event", "data")):
            yield line
        if line.startswith("data"):
            return


async def test_who_has_not_logged_in_gets_no_stream(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        assert (await client.get("/panel/live", params={"topic": "nothing"})).status_code == 404
        client.cookies.clear()
        assert (await client.get("/panel/live", params={"topic": "home"})).status_code == 303


async def test_an_open_page_keeps_no_session_from_ending(install: Stack, user: Person):
    async with (
        signed_in(install, user) as client,
        client.stream("GET", "/panel/live", params={"topic": "home"}) as answer,
        install.pool.connection() as conn,
    ):
        long_ago = "update sessions set used_at = now() - interval '1 hour' where kind = 'user' and person_id = %s"
        await conn.execute(long_ago, (user.id,))
        lines = answer.aiter_lines()
        async with asyncio.timeout(30):
            while await anext(lines) != ":":  # it has looked, and looks again
                pass
            while await anext(lines) != ":":
                pass
        used = (
            "select max(used_at) < now() - interval '50 minutes' from sessions where kind = 'user' and person_id = %s"
        )
        assert await (await conn.execute(used, (user.id,))).fetchone() == (True,)
