"""Posts to webhooks that are too large, make no sense, come at a bad time, or stand beside something broken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from api.webhooks import memory as webhook_memory
from domain.messages.receipts import Receipt, ReceiptKind, decode_events
from gateways.email.sendgrid import SendGridWebhook
from services.receipts import MOST_BYTES, for_workflows
from tests.api.answers import assert_error
from tests.api.doubles.double import Posting
from tests.api.doubles.email import SendGrid
from tests.api.doubles.loop import DOUBLES, Sent, deliver, gateway_of, heard, send_through
from tests.api.doubles.whatsapp import WhatsAppCloud
from tests.api.records import all_in, many_sent
from tests.api.test_limits import api_without
from tests.stack import Stack

pytestmark = pytest.mark.usefixtures("amazon")

TOO_MUCH = SendGridWebhook.MOST_BYTES + 1


async def chunks() -> AsyncIterator[bytes]:
    for _ in range(TOO_MUCH // 65536 + 1):
        yield b" " * 65536


@pytest.mark.parametrize("body", [b" " * TOO_MUCH, chunks()], ids=["declared", "undeclared"])
async def test_a_post_that_is_too_large_is_not_read(stack: Stack, body):
    double = SendGrid(stack.url)
    async with gateway_of(stack, double):
        headers = double.signed([]).headers
        assert_error(await stack.http.post(double.hooks, content=body, headers=headers), 413, "too_large")


async def begun(stack: Stack, posting: Posting, *, unsigned: bool = False) -> bytes:
    """The first line of the answer to a post of which nothing but the head is sent."""
    url = urlsplit(posting.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    headers = {} if unsigned else posting.headers
    lines = [f"{posting.method} {url.path}?{url.query} HTTP/1.1", "Host: " + url.netloc, "Content-Length: 1000"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        async with asyncio.timeout(5):
            return await reader.readline()
    finally:
        writer.close()


@pytest.mark.parametrize("name", sorted(set(DOUBLES) - {"mailgun", "vonage"}))  # they sign in the body
async def test_what_cannot_be_the_providers_is_refused_before_its_body_comes(stack: Stack, name: str):
    double = DOUBLES[name](stack.url)
    async with gateway_of(stack, double):
        posting = replace(double.nonsense(), url=double.hooks, method="POST")
        assert b" 403 " in await begun(stack, posting, unsigned=True)


async def test_the_body_of_a_post_to_no_gateway_is_not_waited_for(stack: Stack):
    double = SendGrid(stack.url)
    nowhere = replace(double.nonsense(), url=f"{double.hooks}/{uuid4()}")
    assert b" 404 " in await begun(stack, nowhere)


async def test_a_provider_that_posts_too_slowly_shall_post_again(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(webhook_memory, "BEGIN_SECONDS", 0.1)
    double = SendGrid(stack.url)
    async with gateway_of(stack, double):
        assert b" 503 " in await begun(stack, double.nonsense())


async def test_one_signature_is_looked_for_among_many_gateways(stack: Stack):
    doubles = [WhatsAppCloud(stack.url) for _ in range(5)]
    async with AsyncExitStack() as gateways:
        for double in doubles:
            await gateways.enter_async_context(gateway_of(stack, double))
        text = "a" * 200_000  # so long that it is hashed in a thread
        for double in doubles:
            assert heard(await deliver(stack.http, double.signed({"entry": [], "padding": text}))) == double.ACCEPTED
        stranger = WhatsAppCloud(stack.url).signed({"entry": [], "padding": text})
        assert (await deliver(stack.http, stranger)).status_code == 403


@pytest.mark.parametrize("name", DOUBLES)
async def test_what_a_provider_signed_and_nobody_can_read_is_answered_as_it_needs(stack: Stack, name: str):
    double = DOUBLES[name](stack.url)
    async with gateway_of(stack, double):
        answered = await deliver(stack.http, double.nonsense())
        assert answered.status_code == double.UNREADABLE
        assert answered.json()["success"] is (name == "ses")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def without_temporal(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with api_without(stack.settings, temporal_address="{}", public_url=stack.url) as http:
        yield http


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def without_database(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with api_without(stack.settings, database_url="postgresql://x@{}/x", public_url=stack.url) as http:
        yield http


async def assert_taken_later(sent: Sent, away: httpx.AsyncClient) -> None:
    """The provider is requested to post again, and when it does nothing is lost."""
    double = sent.double
    posting = double.delivered(sent.told)
    answered = await deliver(away, posting, posting.url.removeprefix(sent.stack.url))
    assert (answered.status_code, answered.json()["success"]) == (double.BUSY, False)
    assert int(answered.headers["retry-after"]) >= 1
    assert (await sent.status())["state"] == "sent"
    assert heard(await deliver(sent.stack.http, posting)) == double.ACCEPTED
    await sent.until("delivered")


@pytest.mark.parametrize("name", DOUBLES)
async def test_nothing_is_lost_while_temporal_is_away(stack: Stack, without_temporal: httpx.AsyncClient, name: str):
    await assert_taken_later(await send_through(stack, DOUBLES[name](stack.url)), without_temporal)


@pytest.mark.parametrize("name", ["sendgrid", "brevo", "twilio"])
async def test_nothing_is_lost_while_the_database_is_away(stack: Stack, without_database: httpx.AsyncClient, name: str):
    await assert_taken_later(await send_through(stack, DOUBLES[name](stack.url)), without_database)


@asynccontextmanager
async def broken(stack: Stack, type_: str, channel: str) -> AsyncIterator[None]:
    """A gateway whose configuration this version does not understand."""
    user = await stack.user()
    identifier = await stack.gateway(user.id, channel, type_, {"of": "another version"})
    yield
    async with stack.pool.connection() as conn:
        await conn.execute("delete from gateways where identifier = %s", (identifier,))


async def test_one_broken_gateway_does_not_shut_the_address_for_all(stack: Stack):
    double = SendGrid(stack.url)
    sent = await send_through(stack, double)
    async with broken(stack, "sendgrid", "email"):
        assert heard(await deliver(stack.http, double.delivered(sent.told))) == double.ACCEPTED
        await sent.until("delivered")


async def test_thousands_of_long_events_in_one_post(stack: Stack):
    """More than a workflow takes, by number and by bytes."""
    double = SendGrid(stack.url)
    sent = await send_through(stack, double)
    uids = await many_sent(stack, sent.user, 2500)
    common = {"event": "delivered", "email": "a@example.com", "timestamp": 1700000000, "response": "界" * 200}
    events = [common | {"uid": str(uid), "sg_event_id": f"e{n}"} for n, uid in enumerate(uids)]
    assert heard(await deliver(stack.http, double.signed(events))) == double.ACCEPTED
    await all_in(stack, uids, "delivered")


@pytest.mark.parametrize(("reason", "sizes"), [("", [2000, 2000, 1000]), ("界" * 300, [500] * 10)])
def test_the_parts_of_a_post_are_small_enough_and_always_the_same(reason: str, sizes: list[int]):
    events = [Receipt(ReceiptKind.SENT, f"e{n}", 1.0, reason=reason) for n in range(5000)]
    parts = list(for_workflows(events))
    assert [count for _, count in parts] == sizes == [len(decode_events(part)) for part, _ in parts]
    assert [event for part, _ in parts for event in decode_events(part)] == events
    assert max(len(part) for part, _ in parts) <= MOST_BYTES
    assert list(for_workflows(events)) == parts
