"""Messages that failed are sent again under their uids: delivered once, charged once."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from domain.access.actors import COMMAND_LINE
from domain.ids import page_of as page_id_of
from domain.ids import send_workflow_id
from gateways.conformance.fake_provider import answer, serve
from services.changes import change
from services.messages.replays import pages
from services.messages.replays.starting import begin
from services.messages.search import Search
from services.operations import replay_messages
from services.operations.changing import cancel_operation
from services.operations.working import work_on
from services.sending.restart import start_stored
from store.accounts import credits
from store.audience import suppressions
from store.messages.pages import FinalState, record_final_states, settle
from store.operations.operations import Operation
from tests.api.admin import admin
from tests.api.answers import assert_error, send_one
from tests.api.operations import ended
from tests.receiver import receiving, register
from tests.stack import Stack, User
from tests.store.builders import held, new_page
from tests.worker import lost


@dataclass
class Provider:
    """Refuses every message until it is repaired, or takes it and loses its answer."""

    is_broken: bool = True
    loses: bool = False
    arrived: Counter[str] = field(default_factory=Counter)


@asynccontextmanager
async def provider(stack: Stack, user: User) -> AsyncIterator[Provider]:
    """A provider, and a gateway of the user to it."""
    playing = Provider()

    async def reply(request, writer) -> None:
        if playing.is_broken:
            writer.write(answer(400, b'{"error": "the account is not set up"}'))
            return
        playing.arrived[json.loads(request.body)["ref"]] += 1
        if playing.loses:
            writer.close()
            return
        writer.write(answer(200, b"{}"))

    async with serve(reply) as server:
        config = {"url": server.url, "body": {"ref": "{{ reference }}"}, "allow_private_network": True}
        await stack.gateway(user.id, "sms", "http", config)
        yield playing


async def replay(stack: Stack, user: User, query: str = "", **chosen: Any) -> httpx.Response:
    return await stack.http.post(f"/api/replay{query}", headers=user.headers, json={"filter": chosen})


async def refused(stack: Stack, user: User, count: int) -> list[str]:
    """Messages that the provider refused, and whose page has ended."""
    items = [{"number": f"+1202555{n:04}", "body": "Hi"} for n in range(count)]
    sent = await stack.send(user, "sms", *items)
    uids = [item["uid"] for item in sent.json()["data"]]
    for uid in uids:
        assert (await stack.final(user, "sms", uid))["state"] == "rejected"
    await page_of(stack, uids[0]).result()
    return uids


def page_of(stack: Stack, uid: str) -> WorkflowHandle[Any, Any]:
    return stack.temporal.get_workflow_handle(send_workflow_id(page_id_of(UUID(uid))))


async def replayed(stack: Stack, user: User, **chosen: Any) -> Operation:
    """The operation of a replay, once it and the pages that it started have ended."""
    begun = (await replay(stack, user, **chosen)).json()["data"]["operation"]
    done = await ended(stack.pool, begun["id"])
    assert done.state == "done"
    return done


def why(operation: Operation) -> dict[str, str]:
    """Why messages were left out."""
    return {error["item"]: error["code"] for error in operation.errors}


async def states(stack: Stack, user: User, uids: list[str]) -> list[tuple[str, str]]:
    found = [await stack.status(user, "sms", uid) for uid in uids]
    return [(one["state"], one["credit"]["state"]) for one in found]


async def test_failed_messages_are_sent_again_once_and_charged_once(stack: Stack):
    user = await stack.user(credit=5)
    async with provider(stack, user) as playing:
        uids = await refused(stack, user, 3)
        assert await lost.wallet(stack, user) == (5, 0, 0)
        playing.is_broken = False
        dry = (await replay(stack, user, "?dry_run=true")).json()
        assert dry["dry_run"] is True
        assert dry["data"] == {
            "kind": "message",
            "messages": 3,
            "credits": [{"user_id": user.id, "channel": "sms", "messages": 3, "credits": 3, "available": 5}],
            "left_out": [],
            "is_complete": True,
            "operation": None,
        }
        begun = (await replay(stack, user)).json()["data"]
        done = await ended(stack.pool, begun["operation"]["id"])
        assert (done.state, done.done, done.total, done.failed) == ("done", 3, 3, 0)
        assert done.result == {"replayed": 3, "credits": {"sms": 3}}
        for uid in uids:
            await stack.final(user, "sms", uid)
        assert await states(stack, user, uids) == [("sent", "captured")] * 3
        assert playing.arrived == dict.fromkeys(uids, 1)
        again = (await replay(stack, user)).json()["data"]
        assert (again["messages"], again["operation"]) == (0, None)
    assert await lost.wallet(stack, user) == (2, 0, 3)
    assert await credits.audit(stack.pool) == []


async def test_what_fails_again_is_told_again_and_can_be_sent_again(stack: Stack):
    user = await stack.user(credit=1)
    async with provider(stack, user) as playing, receiving() as receiver:
        await register(stack.pool, stack.keyring, user.id, receiver.url)
        (uid,) = await refused(stack, user, 1)
        for _ in range(2):
            assert (await replayed(stack, user, uid=uid)).done == 1
            await page_of(stack, uid).result()
        assert await states(stack, user, [uid]) == [("rejected", "released")]
        playing.is_broken = False
        await replayed(stack, user, code="http_400")
        await page_of(stack, uid).result()
        data = await stack.status(user, "sms", uid)
        assert [attempt["outcome"] for attempt in data["attempts"]] == ["refused"] * 3 + ["accepted"]
        told = Counter(event["type"] for event in await receiver.hears(4))
        assert told == {"message.rejected": 3, "message.sent": 1}
        assert playing.arrived == {uid: 1}
    assert await lost.wallet(stack, user) == (0, 0, 1)
    assert await credits.audit(stack.pool) == []


async def test_a_message_that_may_have_arrived_is_sent_again_only_if_that_is_named(stack: Stack):
    user = await stack.user(credit=2)
    async with provider(stack, user) as playing:
        playing.is_broken, playing.loses = False, True
        first, second = (await send_one(stack, user))["uid"], (await send_one(stack, user))["uid"]
        for uid in (first, second):
            assert (await stack.final(user, "sms", uid))["state"] == "unknown"
            await page_of(stack, uid).result()
        playing.loses = False
        assert (await replay(stack, user)).json()["data"]["messages"] == 0
        dry = (await replay(stack, user, "?dry_run=true", state=["unknown"])).json()["data"]
        assert [(one["messages"], one["credits"]) for one in dry["credits"]] == [(2, 0)], "they are held already"
        await replayed(stack, user, uid=first)
        await page_of(stack, first).result()
        assert playing.arrived == {first: 2, second: 1}, "with the same reference"
        to = (await stack.status(user, "sms", second))["to"]
        await suppressions.add(stack.pool, user.id, "sms", to, "asked")
        assert why(await replayed(stack, user, state=["unknown"])) == {second: "suppressed"}
        assert playing.arrived == {first: 2, second: 1}
    assert await states(stack, user, [first, second]) == [("sent", "captured"), ("unknown", "held")]
    assert await lost.wallet(stack, user) == (0, 1, 1)


async def test_what_stands_against_it_is_told(stack: Stack):
    user = await stack.user(credit=3)
    async with provider(stack, user) as playing:
        kept, unwanted = [(await refused(stack, user, 1))[0] for _ in range(2)]
        gone = await failed_long_ago(stack, user)
        to = (await stack.status(user, "sms", unwanted))["to"]
        async with stack.pool.connection() as conn:
            await conn.execute("update messages set recipient = '+12025559999' where uid = %s", (unwanted,))
        answer = await stack.send(user, "sms", {"number": to, "body": "Hi"}, _scheduled())
        busy = answer.json()["data"][0]["uid"]
        assert (await stack.final(user, "sms", busy))["state"] == "rejected"
        playing.is_broken = False
        done = await replayed(stack, user)
        assert why(done) == {gone: "content_gone", unwanted: "recipient_erased", busy: "page_at_work"}
        assert (done.done, done.failed, done.result) == (4, 3, {"replayed": 1, "credits": {"sms": 1}})
        assert (await stack.final(user, "sms", kept))["state"] == "sent"
        assert playing.arrived == {kept: 1}
        assert_error(await replay(stack, user, state=["cancelled"]), 422, "replay_state", "/filter/state")
        assert_error(await replay(stack, user, stat="x"), 422, "extra_forbidden", "/filter/stat")
    assert (await replay(stack, await stack.user(), uid=busy)).json()["data"]["messages"] == 0, "not theirs"


async def failed_long_ago(stack: Stack, user: User) -> str:
    """A message of whose page Temporal knows nothing."""
    page = new_page(user.id, [1])
    await held(stack.pool, page)
    await record_final_states(stack.pool, [FinalState(page.uids[0], "failed", "gateway_down", "the gateway was down")])
    await settle(stack.pool, page.uids[0], page.uids[0])
    return str(page.uids[0])


def _scheduled() -> dict[str, str]:
    return {"number": "+12025550199", "body": "Hi", "schedule_at": lost.in_an_hour()}


async def test_messages_beyond_the_credits_stay_until_there_are_some(stack: Stack):
    user = await stack.user(credit=1)
    async with provider(stack, user) as playing:
        playing.is_broken = False
        answer = await stack.send(user, "sms", *[{"number": f"+1202555{n:04}", "body": "Hi"} for n in range(3)])
        uids = [item["uid"] for item in answer.json()["data"]]
        for uid in uids:
            await stack.final(user, "sms", uid)
        await page_of(stack, uids[0]).result()
        await credits.top_up(stack.pool, user.id, "sms", 1, "test", uuid4())
        done = await replayed(stack, user, code="no_credit")
        assert sorted(why(done).values()) == ["no_credit"]
        for uid in uids:
            await stack.final(user, "sms", uid)
        await page_of(stack, uids[0]).result()
        assert sorted(await states(stack, user, uids)) == [("rejected", "free"), *[("sent", "captured")] * 2]
        assert set(playing.arrived.values()) == {1}
    assert await lost.wallet(stack, user) == (0, 0, 2)


async def test_pages_that_were_not_started_are_started_by_the_next_slice(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    user = await stack.user(credit=4)
    tries = Counter[str]()
    start_all = pages.start_all

    async def fails_twice(*arguments: Any) -> Any:
        tries["before"] += 1
        if tries["before"] <= 2:  # Temporal is away, at first before they are started, and then once they were
            if tries["before"] == 2:
                await start_all(*arguments)
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        return await start_all(*arguments)

    async with provider(stack, user) as playing:
        uids = [*await refused(stack, user, 2), *await refused(stack, user, 2)]
        playing.is_broken = False
        monkeypatch.setattr(pages, "start_all", fails_twice)
        assert (await replayed(stack, user)).done == 4
        for uid in uids:
            await stack.final(user, "sms", uid)
            await page_of(stack, uid).result()
        assert playing.arrived == dict.fromkeys(uids, 1)
        assert tries["before"] == 3
    assert await lost.wallet(stack, user) == (0, 0, 4)


async def test_two_replays_at_a_time_send_each_message_once(stack: Stack):
    user = await stack.user(credit=6)
    async with provider(stack, user) as playing:
        uids = [uid for _ in range(3) for uid in await refused(stack, user, 2)]
        playing.is_broken = False
        begun = await asyncio.gather(*(replay(stack, user) for _ in range(2)))
        for each in begun:
            await ended(stack.pool, each.json()["data"]["operation"]["id"])
        for uid in uids:
            assert (await stack.final(user, "sms", uid))["state"] == "sent"
            await page_of(stack, uid).result()
        assert playing.arrived == dict.fromkeys(uids, 1)
    assert await lost.wallet(stack, user) == (0, 0, 6)


async def test_one_that_is_cancelled_leaves_alone_what_it_had_not_come_to(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(replay_messages, "_PAGES", 1)
    user = await stack.user(credit=2)
    async with provider(stack, user) as playing:
        first, last = [(await refused(stack, user, 1))[0] for _ in range(2)]
        playing.is_broken = False
        async with change(stack.pool, COMMAND_LINE, "messages.replayed") as made:
            begun = await begin(made, Search(user=user.id), None, None, is_dry=False)
            assert begun.operation is not None
            # Workers do not come to it: its slices are done here.
            async with made.store.connection() as conn:
                await conn.execute("update operations set state = 'running' where id = %s", (begun.operation.id,))
        rest = await work_on(stack.pool, stack.temporal, stack.keyring, start_stored, begun.operation.id)
        assert not rest.is_over
        async with change(stack.pool, COMMAND_LINE, "operation.cancelled") as made:
            await cancel_operation(made, begun.operation.id)
        assert (await work_on(stack.pool, stack.temporal, stack.keyring, start_stored, begun.operation.id)).is_over
        assert (await stack.final(user, "sms", last))["state"] == "sent", "the newest first"
        assert await states(stack, user, [first, last]) == [("rejected", "released"), ("sent", "captured")]
        assert playing.arrived == {last: 1}
    assert await lost.wallet(stack, user) == (1, 0, 1)


async def test_staff_replays_for_all_users_and_only_with_the_permission(stack: Stack):
    user, owner = await stack.user(credit=1), await admin(stack)
    async with provider(stack, user) as playing:
        (uid,) = await refused(stack, user, 1)
        playing.is_broken = False
        chosen = {"filter": {"user": user.id, "failed_after": "2026-01-01T00:00:00Z"}}
        support = await owner.colleague("support")
        assert (await support.call("POST", "/replay", chosen)).status_code == 403
        operator = await owner.colleague("operator")
        begun = await operator.data("POST", "/replay", chosen)
        assert begun["messages"] == 1
        await ended(stack.pool, begun["operation"]["id"])
        assert (await stack.final(user, "sms", uid))["state"] == "sent"
        event = (await owner.data("GET", "/audit?action=messages.replayed"))[0]
        assert event["metadata"]["messages"] == 1
        assert event["metadata"]["filter"]["account_id"] == user.id
