"""The sandbox and its magic recipients."""

import phonenumbers
import pytest

from domain.channels import Channel
from domain.messages.outcomes import Accepted, GatewayDown, Refused, Unknown
from gateways.registry import build, parse_config
from gateways.sandbox import MAGIC_NUMBERS


@pytest.fixture(params=["email", "sms", "whatsapp"])
def send_to(request, outside, make):
    """Return a sender to a behaviour's recipient on each channel."""
    channel = Channel(request.param)
    gateway = build("sandbox", parse_config("sandbox", channel, {"timeout": 0.01}), outside)
    numbers = {behaviour: number for number, behaviour in MAGIC_NUMBERS.items()}

    async def send(behaviour, tries=1):
        ordinary = "someone@example.com" if channel is Channel.EMAIL else "+15005550006"
        magic = f"{behaviour}+tag@example.com" if channel is Channel.EMAIL else numbers.get(behaviour)
        message = make(channel=channel, to=magic if behaviour else ordinary)
        return [await gateway.send(message) for _ in range(tries)]

    return send


async def test_ordinary_recipient_gets_it_as_often_as_it_is_sent(send_to, outside):
    assert await send_to(None, tries=2) == [Accepted("1"), Accepted("2")]
    assert len(outside.inbox.rows) == 2
    label, message = outside.inbox.rows[0]
    assert label == f"sandbox-{message.channel}"


async def test_refused(send_to, outside):
    assert isinstance((await send_to("refused"))[0], Refused)
    assert outside.inbox.rows == []


async def test_timeout(send_to, outside):
    assert (await send_to("timeout"))[0] == Unknown("no answer in time", silent=True)
    assert outside.inbox.rows == []


async def test_flaky_fails_twice_for_each_message(send_to, outside):
    for _ in range(2):
        outcomes = await send_to("flaky", tries=3)
        assert [type(outcome) for outcome in outcomes] == [GatewayDown, GatewayDown, Accepted]
    assert len(outside.inbox.rows) == 2


async def test_lost_is_delivered_all_the_same(send_to, outside):
    assert (await send_to("lost"))[0] == Unknown("the answer was lost")
    assert len(outside.inbox.rows) == 1


@pytest.mark.parametrize("to", ["refused@example.org", "refusedx@example.com", "x+refused@example.com"])
async def test_similar_addresses_are_ordinary(outside, make, to):
    gateway = build("sandbox", parse_config("sandbox", Channel.EMAIL, {}), outside)
    assert isinstance(await gateway.send(make(channel=Channel.EMAIL, to=to)), Accepted)


@pytest.mark.parametrize("number", MAGIC_NUMBERS)
def test_magic_numbers_pass_validation(number):
    parsed = phonenumbers.parse(number)
    assert phonenumbers.is_valid_number(parsed)
    assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number
