"""Hooks for tests: made, posted to, and signed as senders do."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

from tests.api.automations.automations import call, data, flow, published, sms
from tests.looks import Looks
from tests.stack import Stack, User

ON_HOOK = {"kind": "webhook", "hook": "shop-cart"}
ADA = {"email": "ada@example.com", "phone": "+14155550123", "first_name": "Ada"}


async def made(stack: Stack, user: User, **more: Any) -> dict[str, Any]:
    """A hook, with what is shown once; ``path`` is where to post to."""
    new = await data(stack, user, "POST", "/hooks", {"name": "Shop cart"} | more)
    return new | {"path": f"/api/automation/webhook/{new['id']}"}


async def listened(stack: Stack, user: User, text: str = "Hi {{ contact.first_name }}", **more: Any) -> None:
    """An automation that begins with posts to the hook."""
    await published(stack, user, flow(sms(text), **({"trigger": ON_HOOK} | more)))


async def post(stack: Stack, path: str, body: object, headers: dict[str, str] | None = None):
    """Post JSON, or raw bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await stack.http.post(path, content=raw, headers={"Content-Type": "application/json"} | (headers or {}))


async def of_hook(stack: Stack, user: User) -> dict[str, Any]:
    return await data(stack, user, "GET", "/hooks/shop-cart")


async def failed(stack: Stack, user: User, count: int) -> str:
    """Why the last of so many posts was refused, once they are counted."""
    async with asyncio.timeout(10):
        looks = Looks()
        while (found := await of_hook(stack, user))["failures"] < count:
            await looks.pause()
    assert found["failures"] == count
    return found["last_failure"]["why"]


async def entered(stack: Stack, user: User) -> list[dict[str, Any]]:
    """Who was let in, with its event; the latest first."""
    found = (await call(stack, user, "GET", "/automations/welcome/runs")).json()["data"]
    return [await data(stack, user, "GET", f"/runs/{run['id']}") for run in found]


def mac(secret: str, signed: bytes, algorithm: str = "sha256", encoding: str = "base64") -> str:
    digest = hmac.new(secret.encode(), signed, algorithm).digest()
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


def signed(style: str, secret: str, body: bytes, at: float | None = None) -> dict[str, str]:
    """The headers with which a sender signs a body."""
    stamp = str(int(time.time() if at is None else at))
    timed = f"t={stamp},v1={mac(secret, f'{stamp}.'.encode() + body, encoding='hex')}"
    match style:
        case "shopify":
            return {"X-Shopify-Hmac-Sha256": mac(secret, body)}
        case "woocommerce":
            return {"X-WC-Webhook-Signature": mac(secret, body)}
        case "typeform":
            return {"Typeform-Signature": f"sha256={mac(secret, body)}"}
        case "stripe":
            return {"Stripe-Signature": timed + f",v0={hashlib.sha256(body).hexdigest()}"}
        case "calendly":
            return {"Calendly-Webhook-Signature": timed}
        case "bearer":
            return {"Authorization": f"Bearer {secret}"}
        case "standard_webhooks":
            key = base64.b64decode(secret.removeprefix("whsec_"))
            whole = f"msg_1.{stamp}.".encode() + body
            signature = base64.b64encode(hmac.new(key, whole, "sha256").digest()).decode()
            named = {"webhook-id": "msg_1", "webhook-timestamp": stamp}
            return named | {"webhook-signature": f"v1,{base64.b64encode(b'x' * 32).decode()} v1,{signature}"}
    raise AssertionError(style)
