"""What the links in emails do, for people, mail programs and those who try their luck."""

import pytest
import pytest_asyncio

from tests.api.answers import assert_error
from tests.api.mail_stack import (
    EMAIL,
    PUBLIC,
    delivered,
    events,
    links,
    one,
    public_stack,
    sender,
    suppressed,
    with_receipts,
)
from tests.stack import Stack

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
ALL = {"unsubscribe": True, "track": {"opens": True, "clicks": True}}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def public(stack: Stack):
    await with_receipts(stack.pool)
    async with public_stack(stack) as opened:
        yield opened


def path(mail: dict) -> str:
    return mail["unsubscribe_url"].removeprefix(PUBLIC)


async def test_following_the_link_unsubscribes_nobody(public: Stack):
    user, mail = await one(public, unsubscribe=True)
    page = await public.http.get(path(mail))
    assert page.status_code == 200
    assert '<form method="post">' in page.text
    assert "ada" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert await suppressed(public.pool, user) == []


@pytest.mark.parametrize(
    "request_body",
    [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}],
    ids=["urlencoded", "multipart"],
)
async def test_a_mail_program_unsubscribes_with_one_post_and_twice_is_once(public: Stack, request_body: dict):
    user, mail = await one(public, unsubscribe=True)
    for _ in range(2):
        answer = await public.http.post(path(mail), **request_body)
        assert answer.status_code == 200
        assert not answer.headers.keys() & {"location", "set-cookie"}
    assert await suppressed(public.pool, user) == [("email", "ada@example.com", "unsubscribed")]
    assert await events(public.pool, mail["uid"]) == [("unsubscribed", None)]
    answer = await public.send(user, "email", EMAIL)
    status = await public.final(user, "email", answer.json()["data"][0]["uid"])
    assert (status["state"], status["code"]) == ("rejected", "suppressed")


async def test_one_account_less_is_not_all_accounts(public: Stack):
    _, mail = await one(public, unsubscribe=True)
    other = await sender(public)
    await public.http.post(path(mail), data=ONE_CLICK)
    assert await suppressed(public.pool, other) == []


@pytest.mark.parametrize("content", [b"", b"List-Unsubscribe=", b"x" * 1000])
async def test_a_post_that_does_not_say_what_it_wants_unsubscribes_nobody(public: Stack, content: bytes):
    user, mail = await one(public, unsubscribe=True)
    assert (await public.http.post(path(mail), content=content)).status_code == 400
    assert await suppressed(public.pool, user) == []


async def test_a_post_that_is_too_large_is_not_read(public: Stack):
    _, mail = await one(public, unsubscribe=True)
    answer = await public.http.post(path(mail), content=b"List-Unsubscribe=One-Click" + b"x" * 20_000)
    assert_error(answer, 413, "too_large", "")


async def test_opens_and_clicks_are_recorded_once_a_day(public: Stack):
    _, mail = await one(public, **ALL)
    (pixel,), (click,) = links(mail["html"], "o"), links(mail["html"], "c")
    for _ in range(3):
        image = await public.http.get(pixel)
        assert (image.status_code, image.headers["content-type"]) == (200, "image/gif")
        assert image.content.startswith(b"GIF89a")
        assert image.headers["cache-control"] == "no-store"
        onward = await public.http.get(click)
        assert (onward.status_code, onward.headers["location"]) == (302, "https://example.com/?a=1&b=2")
    assert await events(public.pool, mail["uid"]) == [("clicked", "https://example.com/?a=1&b=2"), ("opened", None)]


async def test_a_click_leads_on_with_whatever_the_sender_linked_to(public: Stack):
    url = "https://exämple.com/ü?q=%20%22x&amp;b=[1]#ä"
    _, mail = await one(public, message=f'<a href="{url}">x</a>', track={"clicks": True})
    onward = await public.http.get(links(mail["html"], "c")[0])
    assert onward.headers["location"] == "https://ex%C3%A4mple.com/%C3%BC?q=%20%22x&b=[1]#%C3%A4"


@pytest.mark.parametrize(
    ("method", "agent"), [("HEAD", "Mozilla/5.0"), ("GET", "Barracuda Sentinel"), ("GET", ""), ("GET", "GoogleBot/2")]
)
async def test_a_program_that_follows_links_is_led_on_and_counts_nowhere(public: Stack, method: str, agent: str):
    user, mail = await one(public, message='<a href="https://example.com/">x</a>', track={"clicks": True})
    link = links(mail["html"], "c")[0]
    onward = await public.http.request(method, link, headers={"User-Agent": agent})
    assert (onward.status_code, onward.headers["location"]) == (302, "https://example.com/")
    await public.http.get(link)
    receipts = (await public.status(user, "email", mail["uid"]))["receipts"]
    assert [(one["kind"], one["scanner"]) for one in receipts] == [("clicked", True), ("clicked", False)]


@pytest.mark.parametrize("kind", ["u", "c"])
@pytest.mark.parametrize(
    "token", ["x", "A" * 43, "A" * 43 + "aHR0cHM6Ly9ldmlsLmNvbQ", "%00", "..%2f..", "ü", "<script>"]
)
async def test_links_that_we_did_not_make_lead_nowhere(public: Stack, kind: str, token: str):
    answer = await public.http.get(f"/{kind}/{token}")
    assert answer.status_code == 404
    assert "script" not in answer.text
    assert "location" not in answer.headers


async def test_a_token_serves_its_own_purpose_only(public: Stack):
    user, mail = await one(public, **ALL)
    (pixel,), (click,) = links(mail["html"], "o"), links(mail["html"], "c")
    for foreign in (pixel[3:-4], click[3:]):
        assert (await public.http.post(f"/u/{foreign}", data=ONE_CLICK)).status_code == 404
    assert (await public.http.get(f"/c/{path(mail)[3:]}")).status_code == 404
    assert (await public.http.get(f"/o/{path(mail)[3:]}.gif")).status_code == 200
    assert await suppressed(public.pool, user) == []
    assert await events(public.pool, mail["uid"]) == []


async def test_a_message_that_is_not_on_record_any_more_cannot_be_unsubscribed_from(public: Stack):
    _, mail = await one(public, unsubscribe=True)
    async with public.pool.connection() as conn:
        await conn.execute("delete from messages where uid = %s", (mail["uid"],))
    assert (await public.http.post(path(mail), data=ONE_CLICK)).status_code == 404


async def test_an_admins_recipients_unsubscribe_as_well(public: Stack):
    admin = await public.admin()
    identifier = await public.gateway(0, "email", "sandbox", {})
    contact = EMAIL | {"email": "admins@example.com", "gateway_identifier": identifier, "unsubscribe": True}
    (mail,) = await delivered(public, admin, {"contact": [contact]})
    assert (await public.http.post(path(mail), data=ONE_CLICK)).status_code == 200
    assert ("email", "admins@example.com", "unsubscribed") in await suppressed(public.pool, admin)
