"""Posts of receipts that come at a time share workflows, without any difference to their providers."""

import asyncio
import json
from collections.abc import Sequence
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.http.temporal_link import TemporalLink, TemporalUnavailable
from api.webhooks import shared_starts
from api.webhooks.shared_starts import SharedStarts
from domain.channels import Channel
from domain.messages.receipts import Receipt, ReceiptKind
from services.receipts import PostPart, parts_of, start_receipts
from tests.api.doubles.email import SendGrid
from tests.api.doubles.loop import DOUBLES, deliver, gateway_of, heard, send_through
from tests.api.doubles.sms import Twilio
from tests.api.records import all_in, many_sent
from tests.stack import Stack
from workflows.policy import RECEIPTS_QUEUE


class Starting:
    """Stands in for ``start_receipts``: records what was started, and holds it up until it may end."""

    def __init__(self) -> None:
        self.groups: list[list[PostPart]] = []
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, client: Client, parts: Sequence[PostPart]) -> None:
        self.groups.append(list(parts))
        self.begun.set()
        await self.may_end.wait()
        if self.error is not None:
            raise self.error

    @property
    def sizes(self) -> list[int]:
        return [len(group) for group in self.groups]


@pytest.fixture
def starting(monkeypatch: pytest.MonkeyPatch) -> Starting:
    starting = Starting()
    monkeypatch.setattr(shared_starts, "start_receipts", starting)
    return starting


@pytest_asyncio.fixture(loop_scope="session")
async def starts(stack: Stack) -> SharedStarts:
    link = TemporalLink()
    await link.connect(stack.settings)
    return SharedStarts(link)


def post(*gateways: str, events: int = 1, channel: Channel = Channel.SMS) -> PostPart:
    """A post of its own."""
    receipts = [Receipt(ReceiptKind.DELIVERED, uuid4().hex, 1700000000.0, uid=str(uuid4())) for _ in range(events)]
    (part,) = parts_of(channel, gateways or (str(uuid4()),), receipts, uuid4().bytes)
    return part


async def during_a_start(starts: SharedStarts, starting: Starting, *parts: PostPart) -> list["asyncio.Task[None]"]:
    """Posts that came while the first one's start was in flight; it still is."""
    tasks = [asyncio.create_task(starts.start(post()))]
    await starting.begun.wait()
    tasks += [asyncio.create_task(starts.start(part)) for part in parts]
    await asyncio.sleep(0)
    return tasks


async def test_posts_that_come_during_a_start_share_the_next(starts: SharedStarts, starting: Starting):
    others = [post(), post(), post(channel=Channel.EMAIL)]
    tasks = await during_a_start(starts, starting, *others)
    starting.may_end.set()
    await asyncio.gather(*tasks)
    assert starting.sizes == [1, 3]
    assert starting.groups[1] == others


async def test_nobody_is_answered_before_the_start_that_carries_the_post(starts: SharedStarts, starting: Starting):
    tasks = await during_a_start(starts, starting, post())
    assert not any(task.done() for task in tasks)
    first_may_end, starting.may_end = starting.may_end, asyncio.Event()
    first_may_end.set()
    await tasks[0]
    assert not tasks[1].done()
    starting.may_end.set()
    await tasks[1]


async def test_equal_posts_are_carried_once_and_each_is_answered(starts: SharedStarts, starting: Starting):
    same = post()
    tasks = await during_a_start(starts, starting, same, post(), same)
    starting.may_end.set()
    await asyncio.gather(*tasks)
    assert starting.sizes == [1, 2]


async def test_a_start_that_fails_fails_for_all_its_posts_and_for_no_others(starts: SharedStarts, starting: Starting):
    tasks = await during_a_start(starts, starting, post(), post())
    starting.error = RPCError("down", RPCStatusCode.UNAVAILABLE, b"")
    starting.may_end.set()
    assert [type(error) for error in await asyncio.gather(*tasks, return_exceptions=True)] == [RPCError] * 3
    starting.error = None
    await starts.start(post())


async def test_without_a_connection_to_temporal_posts_fail():
    with pytest.raises(TemporalUnavailable):
        await SharedStarts(TemporalLink()).start(post())


@pytest.mark.parametrize(("limit", "most"), [("MOST_EVENTS", 6), ("MOST_BYTES", 1000)])
async def test_posts_beyond_the_limits_of_a_workflow_wait_for_the_one_after(
    starts: SharedStarts, starting: Starting, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
):
    monkeypatch.setattr(shared_starts, limit, most)
    gateway = str(uuid4())
    tasks = await during_a_start(starts, starting, *(post(gateway, events=2) for _ in range(7)))
    starting.may_end.set()
    await asyncio.gather(*tasks)
    assert starting.sizes == [1, 3, 3, 1]


async def test_a_caller_that_goes_away_while_it_waits_is_not_carried(starts: SharedStarts, starting: Starting):
    tasks = await during_a_start(starts, starting, post(), post())
    tasks[1].cancel()
    await asyncio.wait([tasks[1]])
    starting.may_end.set()
    await asyncio.gather(tasks[0], tasks[2])
    assert starting.sizes == [1, 1]


async def test_a_caller_that_goes_away_during_its_start_takes_nobody_with_it(starts: SharedStarts, starting: Starting):
    tasks = await during_a_start(starts, starting, post())
    tasks[0].cancel()
    starting.may_end.set()
    await tasks[1]
    assert starting.sizes == [1, 1]


async def test_whoever_waits_too_long_shall_post_again(
    starts: SharedStarts, starting: Starting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shared_starts, "START_SECONDS", 0.2)
    tasks = await during_a_start(starts, starting, post())
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(error) for error in errors] == [TemporalUnavailable, TemporalUnavailable]
    starting.may_end.set()
    await starts.start(post())
    assert starting.sizes == [1, 1], "who was sent away is not carried any more"


async def test_a_post_alone_has_its_own_workflow_and_its_repeat_starts_nothing(stack: Stack, starts: SharedStarts):
    part = post()
    for _ in range(2):
        await starts.start(part)
    handle = stack.temporal.get_workflow_handle(f"receipts-{part.id}")
    described = await handle.describe()
    assert described.task_queue == RECEIPTS_QUEUE
    runs = [found.run_id async for found in stack.temporal.list_workflows(f"WorkflowId = '{handle.id}'")]
    assert len(runs) <= 1, "the server lists a workflow with a delay, and never two"


async def test_many_posts_of_two_providers_share_workflows_and_all_are_applied(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
):
    groups: list[Sequence[PostPart]] = []
    waiting, all_wait, count = [], asyncio.Event(), 41

    async def wait(starts: SharedStarts, part: PostPart) -> None:
        waiting.append(part)
        if len(waiting) == count:
            all_wait.set()
        await wait_for_start(starts, part)

    async def start(client: Client, parts: Sequence[PostPart]) -> None:
        groups.append(parts)
        await all_wait.wait()
        await start_receipts(client, parts)

    wait_for_start = SharedStarts.start
    monkeypatch.setattr(SharedStarts, "start", wait)
    monkeypatch.setattr(shared_starts, "start_receipts", start)
    mails = SendGrid(stack.url)
    sent, sms = await send_through(stack, mails), await send_through(stack, Twilio(stack.url))
    uids = await many_sent(stack, sent.user, count - 1)
    events = [[{"event": "delivered", "uid": str(uid), "sg_event_id": uuid4().hex}] for uid in uids]
    postings = [*(mails.signed(one) for one in events), sms.double.delivered(sms.told)]
    answers = await asyncio.gather(*(deliver(stack.http, posting) for posting in postings))
    assert (len(groups), sum(map(len, groups))) == (2, count)
    answers += await asyncio.gather(*(deliver(stack.http, posting) for posting in postings))
    assert {answered.status_code for answered in answers} == {200}
    await all_in(stack, uids, "delivered")
    await sms.until("delivered")
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select count(*) from receipts where uid = any(%s)", (uids,))
        assert await cursor.fetchone() == (len(uids),)


async def test_a_failed_start_is_answered_so_that_each_provider_posts_again(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
):
    async def fail(client: Client, parts: Sequence[PostPart]) -> None:
        raise RPCError("down", RPCStatusCode.UNAVAILABLE, b"")

    monkeypatch.setattr(shared_starts, "start_receipts", fail)
    event = {"event": "delivered", "uid": str(uuid4()), "sg_event_id": "e"}
    brevo = DOUBLES["brevo"](stack.url)
    other = await send_through(stack, brevo)
    mails = SendGrid(stack.url)
    async with gateway_of(stack, mails):
        postings = [mails.signed([event]), mails.signed([event | {"more": 1}]), brevo.delivered(other.told)]
        answers = await asyncio.gather(*(deliver(stack.http, posting) for posting in postings))
    assert [answered.status_code for answered in answers] == [503, 503, brevo.BUSY]
    assert [json.loads(heard(answered)[2])["success"] for answered in answers] == [False] * 3
