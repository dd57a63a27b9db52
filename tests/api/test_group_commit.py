"""One-contact requests share pages under load, without any difference but speed."""

import asyncio
import time
from collections import Counter
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.http.errors import ApiError, OutcomeUnknownError
from api.http.idempotency import KeyClaim
from api.http.temporal_link import TemporalLink
from api.limits.admission import AdmissionLimit
from api.sending.commit_queue import OneMessage
from api.sending.group_commit import GroupCommit
from api.sending.starts import Starts, start_once
from domain.channels import Channel
from domain.ids import PAGE_SIZE, new_page_id, page_of
from domain.lanes import Lane
from domain.messages.page import PageHeader
from domain.messages.page_content import PAGE_BYTES, Content, PageMessage
from store import idempotency
from store.accounts import credits
from tests.stack import Stack, User

SMS = {"number": "+14155550123", "body": "Hi"}


@pytest_asyncio.fixture(loop_scope="session")
async def group(stack: Stack) -> GroupCommit:
    link = TemporalLink()
    await link.connect(stack.settings)
    limit = AdmissionLimit()
    return GroupCommit(Starts(link, limit), stack.pool, limit)


def one(account_id: int, body: str = "Hi", claimed: KeyClaim | None = None, gateway: str | None = None) -> OneMessage:
    message = PageMessage("+14155550123", 1, 0)
    return OneMessage(account_id, message, Content(body), gateway, claimed or KeyClaim(new_page_id(), is_new=True))


async def accept(group: GroupCommit, *messages: OneMessage) -> list[UUID]:
    return await asyncio.gather(*(group.accept(Channel.SMS, Lane.TRANSACTIONAL, message) for message in messages))


async def sender(stack: Stack, credit: int = 1000, **gateway: object) -> User:
    user = await stack.user(credit)
    await stack.gateway(user.id, "sms", "sandbox", {}, **gateway)
    return user


async def test_requests_at_a_time_share_pages_and_each_has_its_own_answer(stack: Stack):
    user = await sender(stack)
    bodies = [f"message {number}" for number in range(60)]
    answers = await asyncio.gather(*(stack.send(user, "sms", SMS | {"body": body}) for body in bodies))
    uids = [answer.json()["data"][0]["uid"] for answer in answers]
    assert len(set(uids)) == 60
    assert len({page_of(UUID(uid)) for uid in uids}) < 30
    for uid in uids:
        assert (await stack.final(user, "sms", uid))["state"] == "sent"
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select uid::text, content->>'body' from sandbox_messages where account_id = %s", (user.id,)
        )
        assert dict(await cursor.fetchall()) == dict(zip(uids, bodies, strict=True))


async def test_accounts_share_a_page_and_nothing_else(stack: Stack, group: GroupCommit):
    rich, poor = await sender(stack, 10), await sender(stack, 1)
    named = await stack.gateway(rich.id, "sms", "sandbox", {})
    messages = [one(poor.id), one(rich.id, gateway=named), one(poor.id), one(rich.id)]
    shared = await accept(group, *messages)
    assert len({page_of(uid) for uid in shared}) == 1
    owners = [poor, rich, poor, rich]
    ended = [await stack.final(owner, "sms", str(uid)) for owner, uid in zip(owners, shared, strict=True)]
    states = Counter((owner.id, data["state"], data["code"]) for owner, data in zip(owners, ended, strict=True))
    assert states == {(rich.id, "sent", None): 2, (poor.id, "sent", None): 1, (poor.id, "rejected", "no_credit"): 1}
    assert named in [data["gateway"] for data in ended]
    for owner, uid in zip([rich, poor, rich, poor], shared, strict=True):
        answer = await stack.http.get(f"/api/get/sms/{uid}", headers=owner.headers)
        assert answer.status_code == 404
    for owner, spent in ((rich, 2), (poor, 1)):
        wallet = (await credits.show(stack.pool, owner.id))["sms"]
        assert (wallet.spent, wallet.held) == (spent, 0)
    assert await credits.audit(stack.pool) == []


async def test_a_waiting_message_in_a_shared_page_is_its_owners_alone(stack: Stack, group: GroupCommit):
    mine, others = await sender(stack), await sender(stack)
    due = PageMessage("+14155550123", 1, 0, due=time.time() + 3600)
    waiting = [
        OneMessage(user.id, due, Content("Hi"), None, KeyClaim(new_page_id(), is_new=True)) for user in (mine, others)
    ]
    my_uid, their_uid = await accept(group, *waiting)
    assert page_of(my_uid) == page_of(their_uid)
    assert (await stack.status(mine, "sms", str(my_uid)))["waiting"]["for"] in ("schedule", "worker")
    path = f"/api/sms/{their_uid}/cancel"
    assert (await stack.http.post(path, headers=mine.headers)).status_code == 404
    assert (await stack.http.post(path, headers=others.headers)).status_code == 200
    assert (await stack.final(others, "sms", str(their_uid)))["state"] == "cancelled"
    assert (await stack.status(mine, "sms", str(my_uid)))["state"] == "scheduled"
    await stack.http.post(f"/api/sms/{my_uid}/cancel", headers=mine.headers)


async def test_each_account_has_its_turn(stack: Stack, group: GroupCommit):
    many = [one(1) for _ in range(PAGE_SIZE + 50)]
    pages = [page_of(uid) for uid in await accept(group, *many, one(2), one(3))]
    assert pages[-1] == pages[-2] == pages[0]
    assert Counter(pages).most_common(1)[0][1] == PAGE_SIZE


async def test_large_messages_make_smaller_groups(stack: Stack, group: GroupCommit):
    large = [one(1, "x" * (PAGE_BYTES // 3)) for _ in range(5)]
    uids = await accept(group, *large)
    assert max(Counter(page_of(uid) for uid in uids).values()) == 2


async def test_lanes_and_channels_do_not_share(stack: Stack, group: GroupCommit):
    ways = [(channel, lane) for channel in Channel for lane in Lane]
    uids = await asyncio.gather(*(group.accept(channel, lane, one(1)) for channel, lane in ways for _ in range(3)))
    assert len({page_of(uid) for uid in uids}) >= len(ways)


class Unanswered:
    """Starts a page as ever, or not, and says nothing about it."""

    def __init__(self, status: RPCStatusCode, *, starts: bool = False, times: int = 1) -> None:
        self._status, self._starts, self._left = status, starts, times
        self.pages: list[UUID] = []

    async def __call__(self, client: Client, page: PageHeader, content: bytes) -> bool:
        if not self._left:
            return await start_once(client, page, content)
        self._left -= 1
        self.pages.append(UUID(page.page_id))
        if self._starts:
            await start_once(client, page, content)
        raise RPCError("away", self._status, b"")


async def test_whom_temporal_refuses_is_told_so(group: GroupCommit, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.sending.starts.start_once", Unanswered(RPCStatusCode.PERMISSION_DENIED))
    messages = [group.accept(Channel.SMS, Lane.TRANSACTIONAL, one(1)) for _ in range(3)]
    results = await asyncio.gather(*messages, return_exceptions=True)
    assert [type(result) for result in results] == [RPCError] * 3
    assert len(await accept(group, one(1))) == 1


async def test_a_start_that_was_not_answered_is_found(
    stack: Stack, group: GroupCommit, monkeypatch: pytest.MonkeyPatch
):
    unanswered = Unanswered(RPCStatusCode.UNAVAILABLE, starts=True)
    monkeypatch.setattr("api.sending.starts.start_once", unanswered)
    user = await sender(stack)
    uids = await accept(group, one(user.id), one(user.id))
    assert [page_of(uid) for uid in uids] == unanswered.pages * 2
    for uid in uids:
        assert (await stack.final(user, "sms", str(uid)))["state"] == "sent"


async def test_a_page_that_was_not_started_never_will_be_and_its_messages_go_with_another(
    stack: Stack, group: GroupCommit, monkeypatch: pytest.MonkeyPatch
):
    unanswered = Unanswered(RPCStatusCode.DEADLINE_EXCEEDED)
    monkeypatch.setattr("api.sending.starts.start_once", unanswered)
    user = await sender(stack)
    uids = await accept(group, one(user.id), one(user.id))
    assert len(set(uids)) == 2
    assert unanswered.pages[0] not in {page_of(uid) for uid in uids}
    late = PageHeader(str(unanswered.pages[0]), user.id, "sms", 1)
    assert not await start_once(stack.temporal, late, b"")
    for uid in uids:
        assert (await stack.final(user, "sms", str(uid)))["state"] == "sent"


async def test_whoever_waits_too_long_is_told_what_is_known(
    stack: Stack, group: GroupCommit, monkeypatch: pytest.MonkeyPatch
):
    begun, hangs = asyncio.Event(), asyncio.Event()

    async def start(client: Client, page: PageHeader, content: bytes) -> bool:
        begun.set()
        await hangs.wait()
        return await start_once(client, page, content)

    monkeypatch.setattr("api.sending.starts.start_once", start)
    monkeypatch.setattr("api.sending.group_commit.ACCEPT_SECONDS", 0.5)
    user = await sender(stack)
    first = asyncio.create_task(accept(group, one(user.id)))
    await begun.wait()
    with pytest.raises(ApiError, match="nothing was accepted") as refused:
        await group.accept(Channel.SMS, Lane.TRANSACTIONAL, one(user.id, "late"))
    assert (refused.value.status, type(refused.value)) == (503, ApiError)
    with pytest.raises(OutcomeUnknownError) as unknown:
        await first
    hangs.set()
    (uid,) = await accept(group, one(user.id, "later"))
    await stack.final(user, "sms", str(uid))
    named = unknown.value.message.split("whether there is ")[1].split()[0]
    assert (await stack.final(user, "sms", named))["state"] == "sent"
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select content->>'body' from sandbox_messages where account_id = %s order by 1", (user.id,)
        )
        assert [body for (body,) in await cursor.fetchall()] == ["Hi", "later"]


async def test_who_hung_up_is_not_sent(group: GroupCommit, monkeypatch: pytest.MonkeyPatch):
    async def left() -> bool:
        return True

    monkeypatch.setattr("api.http.callers._LOOK_AFTER", 0.0)
    results = await asyncio.gather(
        accept(group, one(1)), accept(group, replace(one(1), caller=left)), return_exceptions=True
    )
    assert isinstance(results[0], list)
    assert isinstance(results[1], ApiError)


async def test_a_bounded_number_waits(stack: Stack, group: GroupCommit, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.sending.group_commit.MOST_OF_A_GROUP", 3)
    results = await asyncio.gather(*(accept(group, one(user)) for user in range(5)), return_exceptions=True)
    turned_away = [result for result in results if isinstance(result, ApiError)]
    assert [(error.status, error.code, error.retry_after) for error in turned_away] == [(503, "busy", 2.0)] * 2
    assert len(await accept(group, one(1))) == 1


def test_a_bounded_size_waits_but_always_one():
    limit = AdmissionLimit(most=10, most_bytes=100_000)
    with limit.admitted(1, 1_000_000), pytest.raises(ApiError), limit.admitted(2, 1):
        pass
    with limit.admitted(1, 45_000), limit.admitted(2, 40_000), pytest.raises(ApiError), limit.admitted(3, 10_000):
        pass
    with limit.admitted(1, 10_000):
        pass


@pytest.mark.parametrize(("size", "fit"), [(1, 5), (20_000, 2)])
def test_an_account_has_at_most_half_of_the_room(size: int, fit: int):
    limit = AdmissionLimit(most=10, most_bytes=100_000)
    for _ in range(fit):
        limit.enter(1, size)
    with pytest.raises(ApiError, match="was not") as refused:
        limit.enter(1, size)
    assert (refused.value.status, refused.value.code, refused.value.retry_after) == (429, "too_many_at_once", 2.0)
    limit.enter(2, size)
    limit.leave(1, size)
    limit.enter(1, size)


async def test_a_key_leads_to_its_message_before_that_can_leave(stack: Stack, group: GroupCommit):
    place = (1, "/test", uuid4().hex)
    minted = new_page_id()
    await idempotency.claim(stack.pool, *place, b"hash", minted, 30)
    _, uid = await accept(group, one(1), one(1, claimed=KeyClaim(minted, True, place)))
    assert (await idempotency.claim(stack.pool, *place, b"hash", new_page_id(), 30)).page_id == uid


async def test_whose_key_was_taken_over_is_not_sent_and_harms_nobody(stack: Stack, group: GroupCommit):
    place, minted = (1, "/test", uuid4().hex), new_page_id()
    await idempotency.claim(stack.pool, *place, b"hash", new_page_id(), 30)
    late = one(1, claimed=KeyClaim(minted, True, place))
    accepted = asyncio.gather(*(group.accept(Channel.SMS, Lane.TRANSACTIONAL, one(1)) for _ in range(3)))
    with pytest.raises(ApiError) as refused:
        await group.accept(Channel.SMS, Lane.TRANSACTIONAL, late)
    assert refused.value.status == 503
    assert len(set(await accepted)) == 3


async def test_many_requests_with_keys_are_each_sent_once(stack: Stack):
    user = await sender(stack)
    keys = [uuid4().hex for _ in range(20)]

    async def send(key: str) -> str | None:
        answer = await stack.send(user, "sms", SMS, **{"Idempotency-Key": key})
        assert answer.status_code in (200, 409), answer.text
        return answer.json()["data"][0]["uid"] if answer.status_code == 200 else None

    twice = await asyncio.gather(*(send(key) for key in keys * 2))
    again = [await send(key) for key in keys]
    assert {uid for uid in twice if uid} == set(again)
    for uid in again:
        await stack.final(user, "sms", uid)
    assert (await credits.show(stack.pool, user.id))["sms"].spent == 20
