"""An admin settles what became of a message whose answer was lost, or has it sent again."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx
import pytest

from domain.ids import send_workflow_id
from gateways.conformance.fake_provider import answer, serve
from tests.api.answers import SMS, assert_error, send_one
from tests.receiver import receiving, register
from tests.stack import Stack, User
from tests.worker import lost


@dataclass
class Provider:
    """Accepts each message, and loses its answer while configured to."""

    loses: bool = True
    arrived: Counter[str] = field(default_factory=Counter)


@asynccontextmanager
async def provider(stack: Stack, user: User) -> AsyncIterator[Provider]:
    """A provider, and a gateway of the user to it."""
    playing = Provider()

    async def reply(request, writer) -> None:
        playing.arrived[json.loads(request.body)["ref"]] += 1
        if playing.loses:
            writer.close()
        else:
            writer.write(answer(200, b"{}"))

    async with serve(reply) as server:
        config = {"url": server.url, "body": {"ref": "{{ reference }}"}, "allow_private_network": True}
        await stack.gateway(user.id, "sms", "http", config)
        yield playing


async def resolve(stack: Stack, uid: str, outcome: str, **more: str) -> httpx.Response:
    admin = await stack.admin()
    body = {"as": outcome, **more}
    return await stack.http.post(f"/api/admin/v1/messages/{uid}/resolve", headers=admin.headers, json=body)


async def in_doubt(stack: Stack, user: User) -> str:
    """A message whose answer was lost, and whose page has ended."""
    uid: str = (await send_one(stack, user))["uid"]
    assert (await stack.final(user, "sms", uid))["state"] == "unknown"
    await stack.temporal.get_workflow_handle(workflow_of(uid)).result()
    return uid


def workflow_of(uid: str) -> str:
    return send_workflow_id(UUID(uid))


@pytest.mark.parametrize(
    ("outcome", "credit", "wallet"), [("sent", "captured", (0, 0, 1)), ("failed", "released", (1, 0, 0))]
)
async def test_an_outcome_is_decided_once_and_told(stack: Stack, outcome, credit, wallet):
    user = await stack.user(credit=1)
    async with provider(stack, user) as playing, receiving() as receiver:
        uid = await in_doubt(stack, user)
        await register(stack.pool, stack.keyring, user.id, receiver.url)
        for _ in range(2):
            answer = await resolve(stack, uid, outcome, reason="the provider says so")
            assert answer.status_code == 200, answer.text
            assert answer.json()["data"] == {"uid": uid, "state": outcome, "credit": credit}
        assert_error(await resolve(stack, uid, "resend"), 409, "not_unknown")
        (event,) = await receiver.hears(1)
        assert (event["type"], event["data"]["reason"]) == (f"message.{outcome}", "the provider says so")
        assert playing.arrived == {uid: 1}
    assert await lost.wallet(stack, user) == wallet


async def test_a_message_is_sent_again_once_however_often_that_is_asked(stack: Stack):
    user = await stack.user(credit=1)
    async with provider(stack, user) as playing:
        uid = await in_doubt(stack, user)
        playing.loses = False
        answers = await asyncio.gather(*(resolve(stack, uid, "resend") for _ in range(4)))
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert 200 in {answer.status_code for answer in answers}
        async with asyncio.timeout(20):
            while (data := await stack.status(user, "sms", uid))["credit"]["state"] == "held":
                await asyncio.sleep(0.02)
        assert (data["state"], [attempt["outcome"] for attempt in data["attempts"]]) == (
            "sent",
            ["unknown", "accepted"],
        )
        assert playing.arrived == {uid: 2}
    assert await lost.wallet(stack, user) == (0, 0, 1)


async def test_a_message_may_be_lost_and_sent_again_more_than_once(stack: Stack):
    user = await stack.user(credit=1)
    async with provider(stack, user) as playing:
        uid = await in_doubt(stack, user)
        assert (await resolve(stack, uid, "resend")).status_code == 200
        await stack.temporal.get_workflow_handle(workflow_of(uid)).result()
        assert (await stack.status(user, "sms", uid))["state"] == "unknown"
        assert (await resolve(stack, uid, "resend")).status_code == 200
        await stack.temporal.get_workflow_handle(workflow_of(uid)).result()
        assert playing.arrived == {uid: 3}
    assert await lost.wallet(stack, user) == (0, 1, 0)


async def test_what_cannot_be_sent_again_says_why(stack: Stack):
    user = await stack.user(credit=3)
    async with provider(stack, user):
        answer = await stack.send(user, "sms", SMS, SMS | {"schedule_at": lost.in_an_hour()})
        first, second = (item["uid"] for item in answer.json()["data"])
        assert (await stack.final(user, "sms", first))["state"] == "unknown"
        assert_error(await resolve(stack, first, "resend"), 409, "page_at_work")
        assert_error(await resolve(stack, second, "sent"), 409, "not_unknown")
        await lost.delete(stack.temporal, workflow_of(first))
        assert_error(await resolve(stack, first, "resend"), 409, "content_gone")
        assert_error(await resolve(stack, str(uuid4()), "sent"), 404, "message_not_found")
        assert_error(await resolve(stack, first, "lost"), 422, "literal_error", "/as")
    await lost.sweep_page(stack, UUID(first))
    assert await lost.wallet(stack, user) == (2, 1, 0)


async def test_an_admin_reads_any_message(stack: Stack):
    user, admin = await stack.user(credit=1), await stack.admin()
    async with provider(stack, user):
        uid = await in_doubt(stack, user)
    shown = await stack.http.get(f"/api/admin/v1/messages/{uid}", headers=admin.headers)
    of_user = await stack.status(user, "sms", uid)
    assert {name: shown.json()["data"][name] for name in of_user} == of_user
    missing = await stack.http.get(f"/api/admin/v1/messages/{uuid4()}", headers=admin.headers)
    assert_error(missing, 404, "message_not_found")
