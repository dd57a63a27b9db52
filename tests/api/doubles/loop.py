"""All doubles, and a message on its way through one of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from gateways.conformance.fake_provider import serve
from tests.api.answers import CONTACT
from tests.api.doubles.double import Double, Posting, Told
from tests.api.doubles.email import Mailgun, Resend, SendGrid, Ses
from tests.api.doubles.sms import Infobip, MessageBird, Plivo, SmsGate, Twilio, Vonage
from tests.api.doubles.unsigned_email import Brevo, Mailjet, Postmark, SparkPost
from tests.api.doubles.whatsapp import Evolution, Waha, WhatsAppCloud
from tests.stack import Stack, User

DOUBLES: dict[str, type[Double]] = {
    double.TYPE: double
    for double in (
        *(SendGrid, Mailgun, Postmark, Brevo, Resend, Mailjet, SparkPost, Ses),
        *(Twilio, Vonage, Infobip, Plivo, MessageBird, SmsGate),
        *(WhatsAppCloud, Evolution, Waha),
    )
}


@dataclass(frozen=True)
class Sent:
    """A message that a provider took."""

    stack: Stack
    double: Double
    user: User
    uid: str
    told: Told

    async def status(self) -> dict[str, Any]:
        return await self.stack.status(self.user, self.double.CHANNEL, self.uid)

    async def until(self, state: str) -> dict[str, Any]:
        """The status as soon as the state is this one."""
        async with asyncio.timeout(20):
            while (data := await self.status())["state"] != state:
                await asyncio.sleep(0.02)
        return data


@asynccontextmanager
async def gateway_of(stack: Stack, double: Double, **more: Any) -> AsyncIterator[tuple[User, list[Any]]]:
    """A user with a gateway to the double, and the requests that it gets."""
    user = await stack.user(credit=10)
    async with serve(double.reply) as server:
        own = {"base_url": server.url, "allow_private_network": True}
        await stack.gateway(user.id, double.CHANNEL, double.TYPE, double.config | own | more)
        yield user, server.requests


async def send_through(stack: Stack, double: Double) -> Sent:
    """A message of a new user that the double took."""
    async with gateway_of(stack, double) as (user, requests):
        accepted = await stack.send(user, double.CHANNEL, CONTACT[double.CHANNEL])
        uid = accepted.json()["data"][0]["uid"]
        data = await stack.final(user, double.CHANNEL, uid)
        assert (data["state"], data["status"]) == ("sent", "processing"), data
        (request,) = requests
    return Sent(stack, double, user, uid, double.told(request))


async def deliver(http: httpx.AsyncClient, posting: Posting, url: str | None = None) -> httpx.Response:
    """Post it, to its own address or, past a proxy, to another one."""
    return await http.request(posting.method, url or posting.url, content=posting.body, headers=posting.headers)


def heard(answered: httpx.Response) -> tuple[int, str, bytes]:
    """What the provider hears."""
    return answered.status_code, answered.headers["content-type"].partition(";")[0], answered.content
