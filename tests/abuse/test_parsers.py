"""What one account writes, or a stranger through its provider, keeps nobody's messages waiting while it is read."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import cycle

from gateways.conformance.listening import listening
from tests.abuse.target import Target
from tests.abuse.watched import followed

SECONDS = 7.0
SENT_WITHIN = 2.0
"""Seconds until another account's message is ``sent``."""
EVERY = 0.4
"""Seconds between two emails: how many are sent is another matter than what reading one costs."""
HTML = "<a " * 40_000
MARKS = "\u0301\u0316" * 115_000


@asynccontextmanager
async def mail_sink() -> AsyncIterator[int]:
    """A mail server that takes everything; yields its port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
            writer.write(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 ok\r\n")

    async with listening(talk, limit=2**20) as port:
        yield port


async def test_emails_of_unfinished_tags_through_smtp_hold_up_nobody(target: Target):
    stack = target.stack
    user = await stack.user(credit=100_000)
    async with mail_sink() as port, followed(stack) as others:
        config = {"host": "127.0.0.1", "port": port, "security": "none", "from_address": "shop@example.org"}
        await stack.gateway(user.id, "email", "smtp", config | {"allow_private_network": True})
        email = {"email": "ann@example.com", "subject": "\U0001f600" * 400, "message": HTML}
        body = json.dumps({"contact": [email]}, ensure_ascii=False).encode()
        uids: list[str] = []

        async def attack() -> None:
            answer = await stack.http.post("/api/email/send", content=body, headers=user.headers)
            uids.append(answer.json()["data"][0]["uid"])
            await asyncio.sleep(EVERY)

        felt = await target.under("120 kB of unfinished tags by email", attack, SECONDS)
        assert (await stack.final(user, "email", uids[-1]))["state"] == "sent"
    others.check(SENT_WITHIN)
    felt.check()


async def test_signed_messages_of_combining_marks_hold_up_nobody(target: Target):
    stack, secret = target.stack, "our secret"
    user = await stack.user(credit=100)
    config = {"phone_number_id": "277321005464405", "access_token": "x", "app_secret": secret}
    identifier = await stack.gateway(user.id, "whatsapp", "whatsapp_cloud", config)
    listed = (await stack.http.get("/api/gateways", headers=user.headers)).json()["data"]
    (gateway,) = (one["id"] for one in listed if one["identifier"] == identifier)
    posts = cycle([_signed(_message(number), secret) for number in range(60)])

    async def attack() -> None:
        body, headers = next(posts)
        answer = await stack.http.post(f"/api/webhook/whatsapp/whatsapp_cloud/{gateway}", content=body, headers=headers)
        assert answer.status_code == 200, answer.text

    async with followed(stack) as others:
        felt = await target.under("230,000 combining marks from a phone", attack, SECONDS)
    kept = (await stack.http.get("/api/inbound?limit=1", headers=user.headers)).json()["data"]
    assert len(kept[0]["body"]) == 10_000
    others.check(SENT_WITHIN)
    felt.check()


def _message(number: int) -> bytes:
    message = {"from": "14155550123", "id": f"wamid.{number}", "timestamp": "1", "type": "text"}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550953877", "phone_number_id": "277321005464405"},
        "messages": [message | {"text": {"body": MARKS}}],
    }
    entry = {"id": "1", "changes": [{"value": value, "field": "messages"}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}, ensure_ascii=False).encode()


def _signed(body: bytes, secret: str) -> tuple[bytes, dict[str, str]]:
    return body, {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()}
