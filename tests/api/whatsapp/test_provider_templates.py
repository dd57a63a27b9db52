"""Templates of WhatsApp: read from Meta page by page, again after a webhook, and checked before a credit is held."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gateways.conformance.fake_provider import Request, answer, serve
from store.gateways import gateways
from store.whatsapp import templates
from tests.api.answers import assert_error
from tests.api.test_narrowed_keys import key_with
from tests.api.whatsapp.template_reads import read_templates
from tests.stack import Stack, User

WABA, SECRET = "264937493375603", "app-secret"
BODY = {"type": "BODY", "text": "Hi {{1}}, {{2}} waits for you"}
URL_BUTTON = {"type": "BUTTONS", "buttons": [{"type": "URL", "url": "https://example.com/{{1}}"}]}


def of_meta(name: str, language: str = "en_US", **more: Any) -> dict[str, Any]:
    return {
        "id": f"{name}-{language}",
        "name": name,
        "language": language,
        "status": "APPROVED",
        "category": "UTILITY",
        "quality_score": {"score": "GREEN"},
        "rejected_reason": "NONE",
        "components": [BODY],
    } | more


class Meta:
    """Answers as the Graph API does, two templates a page."""

    def __init__(self, *kept: dict[str, Any]) -> None:
        self.kept = list(kept)
        self.broken: bytes | None = None

    async def reply(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if self.broken is not None:
            writer.write(self.broken)
            return
        assert request.headers["authorization"] == "Bearer EAAG"
        address = urlsplit(request.target)
        if not address.path.endswith(f"/{WABA}/message_templates"):
            writer.write(answer(200, b'{"messages":[{"id":"wamid.1"}]}'))
            return
        start = int(parse_qs(address.query).get("after", ["0"])[0])
        page: dict[str, Any] = {"data": self.kept[start : start + 2], "paging": {"cursors": {"after": str(start + 2)}}}
        if start + 2 < len(self.kept):
            page["paging"]["next"] = "http://192.0.2.1/evil"  # never followed
        writer.write(answer(200, json.dumps(page).encode()))


@asynccontextmanager
async def synced(stack: Stack, meta: Meta, **config: Any) -> AsyncIterator[tuple[User, str]]:
    """A user with a gateway whose templates were read from this Meta."""
    user = await key_with(stack, await stack.user(), "templates", "send", "read")
    async with serve(meta.reply) as server:
        settings = {
            "phone_number_id": "277321005464405",
            "access_token": "EAAG",
            "app_secret": SECRET,
            "base_url": server.url,
            "allow_private_network": True,
            "business_account_id": WABA,
        } | config
        identifier = await stack.gateway(user.id, "whatsapp", "whatsapp_cloud", settings)
        await read_templates(stack)
        yield user, identifier


async def listed(stack: Stack, user: User, query: str = "") -> list[dict[str, Any]]:
    answered = await stack.http.get(f"/api/whatsapp/templates{query}", headers=user.headers)
    assert answered.status_code == 200, answered.text
    return answered.json()["data"]


async def sent(stack: Stack, user: User, template: dict[str, Any], number: str = "+4915112345678", **more: Any):
    body = {"contact": [{"number": number, "template": template}], **more}
    return await stack.http.post("/api/whatsapp/send", json=body, headers=user.headers)


def used(name: str, *values: str, language: str = "en_US", more: tuple[Any, ...] = ()) -> dict[str, Any]:
    parameters = [{"type": "text", "text": value} for value in values]
    return {"name": name, "language": language, "components": [{"type": "body", "parameters": parameters}, *more]}


async def test_all_pages_are_read_and_what_is_gone_at_meta_is_gone_here(stack: Stack):
    meta = Meta(*(of_meta(f"t{n}") for n in range(5)), {"id": 5, "name": None})
    async with synced(stack, meta) as (user, identifier):
        found = await listed(stack, user)
        assert [one["name"] for one in found] == ["t0", "t1", "t2", "t3", "t4"]
        assert (found[0]["gateway"], found[0]["quality"], found[0]["category"]) == (identifier, "GREEN", "utility")
        assert found[0]["components"] == [BODY]
        first = await stack.http.get("/api/whatsapp/templates?limit=2", headers=user.headers)
        rest = await listed(stack, user, f"?cursor={first.json()['next_cursor']}")
        assert [one["name"] for one in rest] == ["t2", "t3", "t4"]
        meta.kept = [of_meta("t1", status="PAUSED")]
        answered = await stack.http.post("/api/whatsapp/templates/sync", headers=user.headers)
        assert answered.json()["data"] == {"gateways": 1}
        await read_templates(stack)
        (one,) = await listed(stack, user)
        assert (one["name"], one["status"]) == ("t1", "PAUSED")
        stranger = await key_with(stack, await stack.user(), "templates")
        assert await listed(stack, stranger) == []


@pytest.mark.parametrize(
    "broken",
    [
        answer(401, b'{"error":{"code":190,"message":"Invalid OAuth access token"}}'),
        answer(429, b'{"error":{"code":80008,"message":"Too many calls"}}'),
        answer(200, b"<html>hotel</html>"),
        answer(200, b'{"data":{}}'),
        answer(200, b'{"data":[{"id":"1","name":"a\\u0000","language":"en","status":"APPROVED"}]}'),
        answer(401, b'{"error":{"code":190,"message":"no\\u0000"}}'),
        answer(500),
        b"nonsense\r\n\r\n",
    ],
)
async def test_what_was_read_stays_where_meta_does_not_answer(stack: Stack, broken: bytes):
    meta = Meta(of_meta("kept"))
    async with synced(stack, meta) as (user, _):
        meta.broken = broken
        await stack.http.post("/api/whatsapp/templates/sync", headers=user.headers)
        await read_templates(stack)
        assert [one["name"] for one in await listed(stack, user)] == ["kept"]


async def test_a_template_is_checked_before_a_credit_is_held(stack: Stack):
    meta = Meta(
        of_meta("code"),
        of_meta("wait", status="PENDING"),
        of_meta("news", category="MARKETING"),
        of_meta("link", components=[BODY, URL_BUTTON]),
        of_meta("photo", components=[{"type": "HEADER", "format": "IMAGE"}, BODY]),
    )
    button = {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "x"}]}
    image = {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://example.com/i.png"}}]}
    async with synced(stack, meta) as (user, identifier):
        at = "/contact/0/template"
        wrong = [
            (used("none"), "provider_template_unknown", f"{at}/name"),
            (used("code", "Ada", "tea", language="de"), "provider_template_language", f"{at}/language"),
            (used("wait", "Ada", "tea"), "provider_template_not_approved", f"{at}/name"),
            (used("code", "Ada"), "provider_template_parameters", f"{at}/components/0"),
            (used("link", "Ada", "tea"), "provider_template_parameters", f"{at}/components"),
            (used("photo", "Ada", "tea"), "provider_template_parameters", f"{at}/components"),
        ]
        for template, code, place in wrong:
            assert_error(await sent(stack, user, template), 422, code, place)
        refused = await sent(stack, user, used("news", "Ada", "tea"), "+14155550123")
        assert_error(refused, 422, "marketing_not_delivered", f"{at}/name")
        for template in (
            used("code", "Ada", "tea"),
            used("news", "Ada", "tea"),
            used("link", "Ada", "tea", more=(button,)),
            used("photo", "Ada", "tea", more=(image,)),
        ):
            answered = await sent(stack, user, template, gateway_identifier=identifier)
            assert answered.status_code == 200, answered.text
            uid = answered.json()["data"][0]["uid"]
            assert (await stack.final(user, "whatsapp", uid))["state"] == "sent"
        await stack.gateway(user.id, "whatsapp", "sandbox", {})
        assert (await sent(stack, user, used("none"))).status_code == 200  # another gateway may have it


async def test_a_webhook_has_them_read_again_and_only_those_of_its_account(stack: Stack):
    meta = Meta(of_meta("code"))
    async with synced(stack, meta) as (user, identifier):
        (gateway,) = await gateways.named(stack.pool, user.id, identifier)
        meta.kept = [of_meta("code", status="DISABLED")]
        for account in ("1", WABA):
            value = {"event": "DISABLED", "message_template_name": "code", "reason": "ABUSIVE"}
            entry = {"id": account, "changes": [{"field": "message_template_status_update", "value": value}]}
            raw = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
            signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
            answered = await stack.http.post(
                f"/api/webhook/whatsapp/meta/{gateway.id}",
                content=raw,
                headers={"X-Hub-Signature-256": f"sha256={signature}"},
            )
            assert answered.status_code == 200, answered.text
            await read_templates(stack)
            (one,) = await listed(stack, user)
            assert one["status"] == ("APPROVED" if account == "1" else "DISABLED")


async def test_a_gateway_without_a_business_account_checks_nothing(stack: Stack):
    async with synced(stack, Meta(of_meta("code")), business_account_id=None) as (user, _):
        assert await listed(stack, user) == []
        assert (await sent(stack, user, used("none"))).status_code == 200


async def test_two_workers_do_not_read_the_same_gateway_at_once(stack: Stack):
    async with synced(stack, Meta(of_meta("code"))) as (user, identifier):
        await stack.http.post("/api/whatsapp/templates/sync", headers=user.headers)
        both = await asyncio.gather(*(templates.take_due(stack.pool, "whatsapp_cloud", 3600, 1000) for _ in range(2)))
        (gateway,) = await gateways.named(stack.pool, user.id, identifier)
        assert [gateway_id for due in both for gateway_id, _ in due].count(gateway.id) == 1
