"""Posts that several gateways verify: numbers of one account, domains under one key."""

import asyncio

import pytest

from tests.api.doubles.double import Double
from tests.api.doubles.email import Mailgun
from tests.api.doubles.loop import DOUBLES, deliver, gateway_of, heard, send_through
from tests.api.doubles.sms import MessageBird, Twilio
from tests.stack import Stack, User


def alike(stack: Stack, kind: type[Double]) -> tuple[Double, Double]:
    """Two gateways' worth of one account."""
    first, second = kind(stack.url), kind(stack.url)
    second.secret = first.secret
    return first, second


async def bodies(stack: Stack, user: User) -> list[str]:
    answer = await stack.http.get("/api/inbound", headers=user.headers)
    return [message["body"] for message in answer.json()["data"]]


async def until_heard(stack: Stack, *expected: tuple[User, list[str]]) -> None:
    """Each account has received its messages, newest first, and no others."""
    async with asyncio.timeout(20):
        while [await bodies(stack, user) for user, _ in expected] != [said for _, said in expected]:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("name", ["twilio", "vonage", "infobip", "plivo"])
async def test_people_are_heard_by_the_gateway_whose_number_they_write_to(stack: Stack, name: str):
    first, second = alike(stack, DOUBLES[name])
    written = second.number.replace("+1500", "+1 (500) ")
    async with gateway_of(stack, first) as (one, _), gateway_of(stack, second, from_number=written) as (other, _):
        for double, said in ((second, "to the second"), (first, "to the first")):
            assert heard(await deliver(stack.http, double.says(said))) == double.ACCEPTED
        await until_heard(stack, (one, ["to the first"]), (other, ["to the second"]))


SERVICE = {"from_number": None, "messaging_service_sid": "MG0123"}


async def test_a_messaging_service_hears_what_no_other_gateways_number_does(stack: Stack):
    first, service = alike(stack, Twilio)
    third = Twilio(stack.url)
    third.secret = first.secret
    async with gateway_of(stack, first) as (one, _), gateway_of(stack, service, **SERVICE) as (other, _):
        for double in (first, service, third):
            assert (await deliver(stack.http, double.says(double.number))).status_code == 200
        async with asyncio.timeout(20):
            while await bodies(stack, one) != [first.number] or len(await bodies(stack, other)) < 2:
                await asyncio.sleep(0.02)
        assert set(await bodies(stack, other)) == {service.number, third.number}


@pytest.mark.parametrize("own", ["+15005550999", "ACME 500"])
async def test_nothing_that_people_say_is_lost(stack: Stack, own: str):
    """Also where no gateway's number fits: the oldest takes it."""
    first, second = alike(stack, Twilio)
    async with gateway_of(stack, first, from_number=own) as (one, _), gateway_of(stack, second, from_number=own):
        assert (await deliver(stack.http, first.says("Hello?"))).status_code == 200
        await until_heard(stack, (one, ["Hello?"]))


@pytest.mark.parametrize("kind", [Mailgun, MessageBird])
async def test_the_guard_against_replays_of_one_gateway_does_not_shut_out_the_other(stack: Stack, kind: type[Double]):
    first, second = alike(stack, kind)
    sent, other = await send_through(stack, first), await send_through(stack, second)
    for double, message in ((first, sent), (second, other)):
        posting = double.delivered(message.told)
        for _ in range(2):
            assert heard(await deliver(stack.http, posting)) == double.ACCEPTED
        await message.until("delivered")
