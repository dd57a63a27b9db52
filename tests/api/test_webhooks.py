"""Receipts over real sockets: signed by the provider, applied once, refused from anybody else."""

import asyncio
import json
import time
from base64 import b64encode
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateways.conformance.fake_provider import answer, serve
from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.records import all_in, many_sent
from tests.stack import Stack, User

EMAIL = {"email": "ada@example.com", "subject": "Hello", "message": "<p>Hi</p>"}


class Provider:
    """SendGrid, as far as it signs what it posts."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b64encode(spki).decode()

    def headers(self, body: bytes, at: float | None = None) -> dict[str, str]:
        stamp = str(int(time.time() if at is None else at))
        signature = b64encode(self._key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))).decode()
        return {
            "X-Twilio-Email-Event-Webhook-Signature": signature,
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }

    async def post(self, stack: Stack, events: list[dict], path: str = "", **fields) -> httpx.Response:
        body = json.dumps(events).encode()
        headers = self.headers(body, **fields)
        return await stack.http.post(f"/api/webhook/email/sendgrid{path}", content=body, headers=headers)


def event(kind: str, uid: str, **more) -> dict:
    return {"event": kind, "uid": uid, "sg_event_id": uuid4().hex, "timestamp": time.time(), **more}


@pytest.fixture
async def sent(stack: Stack):
    """A user with a SendGrid gateway, and a message that it took."""
    provider = Provider()
    user = await stack.user(credit=10)
    async with serve(answer(202, X_Message_Id="sg1")) as server:
        config = {
            "api_key": "SG.x",
            "from_address": "shop@example.org",
            "base_url": server.url,
            "allow_private_network": True,
            "webhook_public_key": provider.public_key,
        }
        await stack.gateway(user.id, "email", "sendgrid", config)
        accepted = await stack.send(user, "email", EMAIL)
        uid = accepted.json()["data"][0]["uid"]
        data = await stack.final(user, "email", uid)
        assert (data["state"], data["status"]) == ("sent", "processing")
        yield provider, user, uid


async def until(stack: Stack, user: User, uid: str, state: str) -> dict:
    async with asyncio.timeout(20):
        while (data := await stack.status(user, "email", uid))["state"] != state:
            await asyncio.sleep(0.02)
    return data


async def test_a_delivery_reaches_the_sender(stack: Stack, sent):
    provider, user, uid = sent
    taken = await provider.post(stack, [event("delivered", uid)])
    assert (taken.status_code, taken.json()) == (200, {"success": True})
    data = await until(stack, user, uid, "delivered")
    assert (data["status"], data["credit"]["state"]) == ("delivered", "captured")


async def test_the_gateways_health_shows_that_receipts_come(stack: Stack, sent):
    provider, user, uid = sent
    (gateway,) = (await stack.http.get("/api/gateways", headers=user.headers)).json()["data"]
    path = f"/api/gateways/{gateway['id']}/health"
    before = (await stack.http.get(path, headers=user.headers)).json()["data"]
    await provider.post(stack, [event("delivered", uid)])
    await until(stack, user, uid, "delivered")
    after = (await stack.http.get(path, headers=user.headers)).json()["data"]
    assert before["last_receipt_at"] is None
    assert after["last_receipt_at"] is not None


async def test_a_bounce_gives_the_credit_back_and_stops_the_next_mail(stack: Stack, sent):
    provider, user, uid = sent
    await provider.post(stack, [event("bounce", uid, type="bounce", status="5.1.1", reason="no such user")])
    data = await until(stack, user, uid, "bounced")
    assert (data["status"], data["code"], data["reason"]) == ("fail", "sendgrid_5.1.1", "no such user")
    assert [(r["kind"], r["code"], r["reason"]) for r in data["receipts"]] == [
        ("bounced", "sendgrid_5.1.1", "no such user")
    ]
    assert data["credit"]["state"] == "refunded"
    again = (await stack.send(user, "email", EMAIL)).json()["data"][0]["uid"]
    assert (await stack.final(user, "email", again))["code"] == "suppressed"


async def test_what_people_did_is_shown_beside_the_state(stack: Stack, sent):
    provider, user, uid = sent
    link = "https://example.com/reset?of=ada@example.com"
    await provider.post(
        stack,
        [
            event("click", uid, url=link, timestamp=1700000003),
            event("delivered", uid, timestamp=1700000001),
            event("open", uid, timestamp=1700000002),
        ],
    )
    data = await until(stack, user, uid, "delivered")
    assert [(r["kind"], r["url"]) for r in data["receipts"]] == [
        ("delivered", None),
        ("opened", None),
        ("clicked", link),
    ]
    assert data["receipts"][0]["at"].startswith("2023-11-14T22:13:21")
    masked = await (await (await admin(stack)).colleague("support")).data("GET", f"/messages/{uid}")
    assert masked["receipts"][2]["url"] == "https://example.com/•••"


async def test_the_same_post_twice_is_one(stack: Stack, sent):
    provider, user, uid = sent
    events = [event("bounce", uid, type="bounce")]
    for _ in range(3):
        assert (await provider.post(stack, events)).status_code == 200
    assert (await until(stack, user, uid, "bounced"))["credit"]["state"] == "refunded"
    kinds = await _journal(stack, uid)
    assert sorted(kinds) == ["capture", "hold", "refund"]


async def test_a_receipt_that_is_faster_than_the_record_is_parked(stack: Stack, sent):
    provider, user, _ = sent
    early = f"early-{uuid4().hex}"
    assert (await provider.post(stack, [event("delivered", "", sg_message_id=f"{early}.filter")])).status_code == 200
    async with serve(answer(202, X_Message_Id=early)) as server:
        config = {"api_key": "SG.y", "from_address": "a@example.org", "base_url": server.url}
        more = {"allow_private_network": True, "webhook_public_key": provider.public_key}
        # The post was signed with a key that only the first gateway had then: its message counts, no other's.
        await stack.gateway(user.id, "email", "sendgrid", config | more, identifier="late")
        foreign = (await stack.send(user, "email", {**EMAIL, "gateway_identifier": "late"})).json()["data"][0]["uid"]
        await stack.final(user, "email", foreign)
        async with stack.pool.connection() as conn:  # the first gateway's answer, recorded late
            await conn.execute(
                """insert into receipt_ids select gateway_id, %s, uid from messages
                   where account_id = %s and provider_id = 'sg1'""",
                (early, user.id),
            )
        (mine,) = await _uids(stack, user, "sg1")
        assert (await until(stack, user, str(mine), "delivered"))["state"] == "delivered"
        assert (await stack.status(user, "email", foreign))["state"] == "sent"


@pytest.mark.parametrize("forge", ["unsigned", "late", "changed", "another's key"])
async def test_what_the_provider_did_not_sign_just_now_is_refused(stack: Stack, sent, forge):
    provider, user, uid = sent
    body = json.dumps([event("delivered", uid)]).encode()
    headers = provider.headers(body)
    if forge == "unsigned":
        headers = {}
    elif forge == "late":
        headers = provider.headers(body, at=time.time() - 26 * 3600)
    elif forge == "changed":
        body = body.replace(b"delivered", b"deliveree")
    else:
        headers = Provider().headers(body)
    refused = await stack.http.post("/api/webhook/email/sendgrid", content=body, headers=headers)
    assert refused.status_code == 403
    assert (await stack.status(user, "email", uid))["state"] == "sent"
    assert await _receipts(stack, uid) == 0


async def test_another_tenants_events_are_ignored(stack: Stack, sent):
    _, user, uid = sent
    other = Provider()
    stranger = await stack.user()
    config = {"api_key": "SG.z", "from_address": "a@example.org", "webhook_public_key": other.public_key}
    await stack.gateway(stranger.id, "email", "sendgrid", config)
    assert (await other.post(stack, [event("bounce", uid)])).status_code == 200
    assert (await other.post(stack, [event("bounce", "", sg_message_id="sg1.x")])).status_code == 200
    assert (await stack.status(user, "email", uid))["state"] == "sent"
    assert await _receipts(stack, uid) == 0


async def test_an_address_of_its_own_for_each_gateway(stack: Stack, sent):
    provider, user, uid = sent
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select id from gateways where account_id = %s", (user.id,))
        (mine,) = await cursor.fetchone()
    events = [event("delivered", uid)]
    assert_error(await provider.post(stack, events, f"/{uuid4()}"), 404, "gateway_not_found")
    assert (await provider.post(stack, events, f"/{mine}")).status_code == 200
    await until(stack, user, uid, "delivered")


async def test_without_its_key_a_webhook_takes_nothing(stack: Stack):
    user = await stack.user()
    config = {"api_key": "SG.x", "from_address": "shop@example.org"}
    name = await stack.gateway(user.id, "email", "sendgrid", config)
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select id from gateways where identifier = %s", (name,))
        (gateway,) = await cursor.fetchone()
    refused = await Provider().post(stack, [event("delivered", str(uuid4()))], f"/{gateway}")
    assert_error(refused, 403, "webhook_not_configured")


@pytest.mark.parametrize("path", ["email/nobody", "sms/sendgrid", "email/smtp", "email/sandbox"])
async def test_nobody_posts_there(stack: Stack, path):
    assert_error(await stack.http.post(f"/api/webhook/{path}", content=b"[]"), 404, "provider_unknown")


async def test_signed_nonsense_is_a_clear_error(stack: Stack, sent):
    provider, _, _ = sent
    headers = provider.headers(b"<html>")
    answered = await stack.http.post("/api/webhook/email/sendgrid", content=b"<html>", headers=headers)
    assert_error(answered, 400, "webhook")


async def test_thousands_of_events_that_are_dear_to_read_leave_the_loop_to_others(stack: Stack, sent):
    provider, _, uid = sent
    domain = "\u00fc" * 55 + ".com"
    events = [event("delivered", uid, email=f"{n}@{domain}") for n in range(3000)]
    pauses: list[float] = []

    async def watch() -> None:
        while True:
            begun = time.thread_time()  # what other processes do meanwhile does not count
            await asyncio.sleep(0.001)
            pauses.append(time.thread_time() - begun)

    body = json.dumps(events, ensure_ascii=False).encode()
    headers = provider.headers(body)
    watching = asyncio.create_task(watch())
    answered = await stack.http.post("/api/webhook/email/sendgrid", content=body, headers=headers)
    watching.cancel()
    assert answered.status_code == 200, answered.text
    assert max(pauses) < 0.25


async def test_ten_thousand_events_in_ten_posts_while_sends_go_on(stack: Stack, sent):
    """How long it takes is measured by ``python -m bench``."""
    provider, user, _ = sent
    uids = await many_sent(stack, user, 10_000)
    posts = [[event("delivered", str(uid), email="a@example.com") for uid in uids[n::10]] for n in range(10)]
    sending = asyncio.create_task(_keep_sending(stack))
    answers = await asyncio.gather(*(provider.post(stack, events) for events in posts))
    assert {answered.status_code for answered in answers} == {200}
    await all_in(stack, uids, "delivered")
    assert not sending.done()
    sending.cancel()


async def _keep_sending(stack: Stack) -> None:
    user = await stack.user(credit=10_000)
    await stack.gateway(user.id, "sms", "sandbox", {})
    while True:
        assert (await stack.send(user, "sms", {"number": "+14155550123", "body": "Hi"})).status_code == 200


async def _receipts(stack: Stack, uid: str) -> int:
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select count(*) from receipts where uid = %s", (uid,))
        (found,) = await cursor.fetchone()
        return found


async def _journal(stack: Stack, uid: str) -> list[str]:
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select kind from journal where uid = %s", (uid,))
        return [kind for (kind,) in await cursor.fetchall()]


async def _uids(stack: Stack, user: User, provider_id: str) -> list[UUID]:
    async with stack.pool.connection() as conn:
        query = "select uid from messages where account_id = %s and provider_id = %s"
        cursor = await conn.execute(query, (user.id, provider_id))
        return [uid for (uid,) in await cursor.fetchall()]
