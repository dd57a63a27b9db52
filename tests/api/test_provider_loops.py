"""Each provider's whole loop over sockets: a message leaves, its delivery comes back, people answer."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest

from gateways.registry import GATEWAY_TYPES
from tests.api.answers import CONTACT
from tests.api.doubles.double import PERSON
from tests.api.doubles.email import Mailgun
from tests.api.doubles.loop import DOUBLES, deliver, gateway_of, heard, send_through
from tests.api.doubles.sms import Twilio
from tests.api.doubles.whatsapp import WhatsAppCloud
from tests.stack import Stack, User, serve_api

pytestmark = pytest.mark.usefixtures("amazon")


def test_every_type_with_a_webhook_has_its_double():
    assert set(DOUBLES) == {name for name, entry in GATEWAY_TYPES.items() if entry.webhook}
    assert all(double.CHANNEL in GATEWAY_TYPES[name].channels for name, double in DOUBLES.items())


@pytest.mark.parametrize("name", DOUBLES)
async def test_a_delivery_comes_back(stack: Stack, name: str):
    double, strangers = DOUBLES[name](stack.url), DOUBLES[name](stack.url)
    sent, another = await send_through(stack, double), await send_through(stack, strangers)

    for posting in (strangers.delivered(sent.told), strangers.delivered(another.told)):
        assert heard(await deliver(stack.http, posting)) == double.ACCEPTED
    await another.until("delivered")
    genuine = double.delivered(sent.told)
    assert (await deliver(stack.http, double.tampered(genuine))).status_code == 403
    data = await sent.status()
    assert (data["state"], data["receipts"]) == ("sent", [])

    assert heard(await deliver(stack.http, genuine)) == double.ACCEPTED
    data = await sent.until("delivered")
    assert (data["status"], data["credit"]["state"]) == ("delivered", "captured")
    assert [receipt["kind"] for receipt in data["receipts"]] == ["delivered"]
    assert heard(await deliver(stack.http, genuine)) == double.ACCEPTED
    assert await sent.status() == data


@pytest.mark.parametrize("name", [name for name, double in DOUBLES.items() if double.HEARS])
async def test_a_person_says_stop(stack: Stack, name: str):
    double = DOUBLES[name](stack.url)
    async with gateway_of(stack, double) as (user, requests):
        said = double.says("Stop")
        for _ in range(2):
            assert heard(await deliver(stack.http, said)) == double.ACCEPTED
        (message,) = await inbox(stack, user)
        assert message["recipient"].lstrip("+") == double.number.lstrip("+")
        assert {key: message[key] for key in ("channel", "sender", "body", "keyword")} == {
            "channel": double.CHANNEL,
            "sender": PERSON,
            "body": "Stop",
            "keyword": "stop",
        }
        (item,) = (await stack.send(user, double.CHANNEL, CONTACT[double.CHANNEL])).json()["data"]
        assert (await stack.final(user, double.CHANNEL, item["uid"]))["code"] == "suppressed"
        assert requests == []


async def inbox(stack: Stack, user: User) -> list[dict]:
    """What people wrote, as soon as there is something."""
    async with asyncio.timeout(20):
        while not (found := (await stack.http.get("/api/inbound", headers=user.headers)).json()["data"]):
            await asyncio.sleep(0.02)
    return found


def asks(double: WhatsAppCloud, word: str, mode: str = "subscribe") -> tuple[str, dict[str, str]]:
    """Meta's question whether the address is ours."""
    return double.hooks, {"hub.mode": mode, "hub.verify_token": word, "hub.challenge": "1158201444"}


async def test_meta_is_told_that_the_address_is_ours(stack: Stack):
    first, second = WhatsAppCloud(stack.url), WhatsAppCloud(stack.url)
    async with gateway_of(stack, first), gateway_of(stack, second):
        for double in (first, second):
            url, query = asks(double, double.word)
            answered = await stack.http.get(url, params=query)
            assert heard(answered) == (200, "text/plain", b"1158201444")
        for url, query in (asks(first, "another"), asks(first, ""), asks(first, first.word, mode="unsubscribe")):
            assert (await stack.http.get(url, params=query)).status_code == 403


async def test_a_signature_of_mailgun_is_good_for_one_event_at_all_processes(stack: Stack):
    double = Mailgun(stack.url)
    sent = await send_through(stack, double)
    genuine = double.delivered(sent.told)
    forged = json.loads(genuine.body)
    forged["event-data"]["event"] = "complained"
    async with serve_api(stack.settings) as url, httpx.AsyncClient(base_url=url) as http:
        here = genuine.url.removeprefix(stack.url)
        assert heard(await deliver(stack.http, genuine)) == double.ACCEPTED
        assert heard(await deliver(http, genuine, here)) == double.ACCEPTED
        assert (await deliver(http, replace(genuine, body=json.dumps(forged).encode()), here)).status_code == 403
    await sent.until("delivered")
    assert [receipt["kind"] for receipt in (await sent.status())["receipts"]] == ["delivered"]


async def test_signatures_cover_the_public_address_and_not_ours(stack: Stack):
    """Behind a proxy that takes its own base off the path."""
    public = "https://hooks.example.com/base"
    double = Twilio(public)
    sent = await send_through(stack, double)
    genuine = double.delivered(sent.told)
    assert genuine.url == f"{public}/api/webhook/sms/twilio?uid={sent.uid}"
    here = genuine.url.removeprefix(public)
    assert (await deliver(stack.http, genuine, here)).status_code == 403
    settings = stack.settings.model_copy(update={"public_url": public})
    async with serve_api(settings) as url, httpx.AsyncClient(base_url=url) as http:
        assert (await deliver(http, genuine, here + "&more=1")).status_code == 403
        assert heard(await deliver(http, genuine, here)) == double.ACCEPTED
        await sent.until("delivered")
