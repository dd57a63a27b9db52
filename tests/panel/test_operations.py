"""Long work of an account: listed for its user, and downloaded."""

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator

import httpx

from store.operations import operations
from tests.api.log_in import Person
from tests.api.operations import Counting, begin_counting, counting, ended
from tests.looks import Looks
from tests.panel.browsing import Browsing, another_page
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User

OWN = re.compile(r"/panel/operations/[0-9a-f-]{36}")


async def until_told(stream: httpx.Response) -> AsyncIterator[str]:
    """The first name of a topic."""
    async with asyncio.timeout(30):
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                yield line
                return


async def test_all_data_is_exported_watched_and_downloaded(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        assert "No operations yet" in (await client.get("/panel/operations")).text
        begun = await client.post("/panel/operations/export", data={"csrf": await token_of(client)})
        assert begun.status_code == 303
        page = begun.headers["location"]
        assert OWN.fullmatch(page)
        async with asyncio.timeout(60):
            looks = Looks()
            while f"{page}/result" not in (await client.get(page)).text:
                await looks.pause()
        assert f'href="{page}"' in (await client.get("/panel/operations?state=done")).text
        assert f'href="{page}"' not in (await client.get("/panel/operations?state=failed")).text
        async with client.stream("GET", "/panel/live", params={"topic": "operation:own/?done"}) as stream:
            told = [line async for line in until_told(stream)]
        assert told == ["data: operation:own/?done"]
        files = zipfile.ZipFile(io.BytesIO((await client.get(f"{page}/result")).content))
        assert "wallets.ndjson" in files.namelist()


async def test_one_of_ones_own_is_cancelled(install: Stack, account: User, user: Person, monkeypatch):
    with counting(monkeypatch, pause=0.2):
        begun = await begin_counting(install.pool, 1000, account.id)
        page = f"/panel/operations/{begun.id}"
        async with signed_in(install, user) as client:
            assert f'action="{page}/cancel"' in (await client.get(page)).text
            sent = await client.post(f"{page}/cancel", data={"csrf": await token_of(client)})
            assert (sent.status_code, sent.headers["location"]) == (303, page)
            shown = (await client.get(page)).text
            assert "Cancelled" in shown
            assert f'action="{page}/cancel"' not in shown
            done = await operations.add(install.pool, Counting.name, begun.began_by, {"to": 1}, account.id, account.id)
            await ended(install.pool, done.id)
            refused = await client.post(f"/panel/operations/{done.id}/cancel", data={"csrf": await token_of(client)})
            assert refused.status_code == 409
            assert "That did not work" in refused.text


_TOLD_TWICE = """topic => new Promise(done => {
    let times = 0;
    const stream = new EventSource(`/panel/live?topic=${encodeURIComponent(topic)}`);
    stream.addEventListener("changed", () => { if (++times === 2) { stream.close(); done(); } });
})"""


async def test_the_question_of_a_menu_stays_while_its_page_changes(
    install: Stack, account: User, user: Person, browsing: Browsing, monkeypatch
):
    with counting(monkeypatch, pause=0.2):
        begun = await begin_counting(install.pool, 10_000, account.id)
        page = await browsing.log_in(user)
        await page.goto(f"/panel/operations/{begun.id}")
        await page.locator("summary", has_text="Cancel it").click()
        await page.evaluate(_TOLD_TWICE, f"operation:own/{begun.id}")
        assert await page.get_by_text("It does nothing more.").is_visible()
        await browsing.check(page, "cancelling an operation")
        async with another_page(page):
            await page.get_by_role("button", name="Cancel it").click()
        await page.get_by_text("It is cancelled.").wait_for()


async def test_nobody_sees_operations_of_another_account(install: Stack, account: User, user: Person):
    other = await install.user()
    begun = await install.http.post("/api/export", headers=other.headers)
    assert begun.status_code == 200, begun.text
    theirs = begun.json()["data"]["id"]
    async with signed_in(install, user) as client:
        for path in (f"/panel/operations/{theirs}", f"/panel/operations/{theirs}/result"):
            assert (await client.get(path)).status_code == 404
        assert theirs not in (await client.get("/panel/operations")).text
        assert (await client.get("/panel/live", params={"topic": f"operation:own/{theirs}"})).text == "retry: 3000\n\n"


async def test_further_operations_are_added_below_the_others(install: Stack, account: User, user: Person):
    for number in range(31):
        body = {"phone": f"+1415555{number:04}"}
        answer = await install.http.post("/api/persons/export", json=body, headers=account.headers)
        assert answer.status_code == 200, answer.text
    async with signed_in(install, user) as client:
        page = (await client.get("/panel/operations")).text
        more = re.search(r'hx-get="(/panel/operations\?cursor=[^"]+)"', page)
        assert more
        rest = (await client.get(more[1], headers={"HX-Request": "true"})).text
    assert rest.lstrip().startswith("<tbody>")
    shown, further = set(OWN.findall(page)), set(OWN.findall(rest))
    assert (len(shown), len(further), shown & further) == (30, 1, set())
