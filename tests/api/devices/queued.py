"""Messages that wait for phones, without their pages, and phones with the open-source app."""

import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from domain.devices.sims import Card
from domain.ids import message_uid, new_page_id
from services.devices.pairing import Phone, pair
from store.devices.queue import NewMessage, put
from tests.api.devices.phones import tokens
from tests.stack import Stack, User

APP = "/api/gateway/sms/android/smsgate"
NUMBER = "+4915112345678"


async def enqueue(stack: Stack, gateway_id: UUID, count: int = 1, **more: Any) -> Sequence[UUID]:
    """Have messages wait for phones of a gateway; returns their uids."""
    page = new_page_id()
    given = {"priority": 0, "recipient": NUMBER, "country": "DE", "body": "Hi", "parts": 1, "is_unicode": False}
    given |= {"valid_hours": 1.0, "give_back_after": None, "attempt": 1} | more
    new = [NewMessage(uid=message_uid(page, index), gateway_id=gateway_id, **given) for index in range(count)]
    await put(stack.pool, new)
    return [one.uid for one in new]


async def row(stack: Stack, uid: UUID, attempt: int = 1) -> dict[str, Any]:
    """What is stored of a message that waits for a phone or is with one."""
    columns = ("state", "outcome", "code", "device_id", "sim", "taken_at", "offers")
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            f"select {', '.join(columns)} from device_messages where uid = %s and attempt = %s",  # type: ignore[arg-type]
            (uid, attempt),
        )
        found = await cursor.fetchone()
    assert found is not None
    return dict(zip(columns, found, strict=True))


@dataclass(frozen=True)
class App:
    """A phone with the app."""

    stack: Stack
    id: UUID
    gateway_id: UUID
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return await self.stack.http.request(method, APP + path, json=body, headers=self.headers, **more)

    async def messages(self) -> list[dict[str, Any]]:
        answer = await self.call("GET", "/message", params={"order": "fifo"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def report(self, name: str, state: str, error: str | None = None) -> httpx.Response:
        """Report a message as the app does: by itself, in a list."""
        at = "2026-11-28T09:30:00.000+01:00"
        recipient = {"phoneNumber": NUMBER, "state": state, "error": error}
        body = [{"id": name, "state": state, "recipients": [recipient], "states": {"Processed": at, state: at}}]
        return await self.call("PATCH", "/message", body)

    async def webhook(self) -> "Webhook":
        """Where the app posts events."""
        (url,) = {hook["url"] for hook in (await self.call("GET", "/webhooks")).json()}
        return Webhook(self.stack, url, (await self.call("GET", "/settings")).json()["webhooks"]["signing_key"])


@dataclass(frozen=True)
class Webhook:
    """An address for a phone's events, and the key with which it signs them."""

    stack: Stack
    url: str
    key: str

    async def post(self, body: dict[str, Any] | bytes, at: float | None = None) -> httpx.Response:
        """Post an event; ``at``: what the phone's clock says."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = str(int(time.time() if at is None else at))
        signature = hmac.new(self.key.encode(), raw + stamp.encode(), "sha256").hexdigest()
        headers = {"Content-Type": "application/json", "X-Signature": signature, "X-Timestamp": stamp}
        return await self.stack.http.post(self.url, content=raw, headers=headers)


async def with_app(stack: Stack, user: User, sims: int = 1) -> App:
    """A phone with the app, that was paired just now."""
    (issued,) = await tokens(stack, user)
    cards = [Card(slot=slot, iccid_end=f"00{slot}0") for slot in range(sims)]
    phone = Phone("smsgate", "Google/panther", cards=cards)
    paired = await pair(stack.pool, stack.keyring, issued.text, phone, {"ip": f"test {uuid4()}"})
    return App(stack, paired.device.id, paired.device.gateway_id, paired.token)
