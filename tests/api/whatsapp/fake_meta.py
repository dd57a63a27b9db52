"""Meta's side of a gateway: takes messages, and posts signed webhooks."""

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlsplit

import httpx

from gateways.conformance.fake_provider import Request, answer
from tests.stack import Stack

WABA, SECRET, PHONE_ID = "264937493375603", "app-secret", "277321005464405"
CLOSED = 131047


class FakeMeta:
    """Refuses texts to whom it is told to, and templates by name."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        """Bodies of requests, in their order."""
        self.closed: set[str] = set()
        """Numbers (digits alone) whose windows are closed."""
        self.refused: dict[str, int] = {}
        """Codes of errors, by template."""
        self.templates: list[dict[str, Any]] = []
        self.number: dict[str, Any] | None = None
        """What it says of the gateway's number; ``None``: nothing."""

    async def reply(self, request: Request, writer: asyncio.StreamWriter) -> None:
        path = urlsplit(request.target).path
        if path.endswith("/message_templates"):
            writer.write(answer(200, json.dumps({"data": self.templates}).encode()))
            return
        if request.method == "GET":
            writer.write(answer(404 if self.number is None else 200, json.dumps(self.number).encode()))
            return
        body = json.loads(request.body)
        self.sent.append(body)
        writer.write(self._answer(body))

    def _answer(self, body: dict[str, Any]) -> bytes:
        code = self.refused.get(body["template"]["name"]) if body["type"] == "template" else None
        if body["type"] != "template" and body["to"] in self.closed:
            code = CLOSED
        if code is not None:
            error = {"message": "Re-engagement message", "code": code, "error_data": {"details": "no"}}
            return answer(400, json.dumps({"error": error}).encode())
        wamid = f"wamid.{len(self.sent)}"
        return answer(200, json.dumps({"contacts": [], "messages": [{"id": wamid}]}).encode())

    def kinds(self, number: str) -> list[str]:
        """What was sent to a number: types of messages."""
        return [body["type"] for body in self.sent if body["to"] == number.removeprefix("+")]


async def post(stack: Stack, gateway_id: object, field: str, value: dict[str, Any], **of_entry: Any) -> httpx.Response:
    """A signed webhook of Meta."""
    entry = {"id": WABA} | of_entry | {"changes": [{"field": field, "value": value}]}
    raw = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    return await stack.http.post(
        f"/api/webhook/whatsapp/meta/{gateway_id}", content=raw, headers={"X-Hub-Signature-256": f"sha256={signature}"}
    )


async def hears(stack: Stack, gateway_id: object, number: str, ago: float = 0.0, wamid: str | None = None) -> None:
    """A person writes to the gateway's number; returns when that is stored."""
    wamid = wamid or f"wamid.in.{number}.{ago}"
    message = {
        "from": number.removeprefix("+"),
        "id": wamid,
        "timestamp": str(int(time.time() - ago)),
        "type": "text",
        "text": {"body": "hello"},
    }
    answered = await post(stack, gateway_id, "messages", {"metadata": _metadata(), "messages": [message]})
    assert answered.status_code == 200, answered.text
    async with asyncio.timeout(10), stack.pool.connection() as conn:
        query = "select from inbound_messages where id = %s"
        digest = hashlib.sha256(f"{gateway_id}|{wamid}".encode()).hexdigest()[:32]
        while not (await conn.execute(query, (digest,))).rowcount:
            await asyncio.sleep(0.02)


async def reports(stack: Stack, gateway_id: object, uid: str, wamid: str, status: str, *errors: dict[str, Any]) -> None:
    """A status of a message."""
    reported = {
        "id": wamid,
        "status": status,
        "timestamp": str(int(time.time())),
        "recipient_id": "1",
        "biz_opaque_callback_data": uid,
    }
    if errors:
        reported["errors"] = list(errors)
    answered = await post(stack, gateway_id, "messages", {"metadata": _metadata(), "statuses": [reported]})
    assert answered.status_code == 200, answered.text


def _metadata() -> dict[str, str]:
    return {"display_phone_number": "15550953877", "phone_number_id": PHONE_ID}
