"""Temporal stands still for a while (SIGSTOP): everyone is answered in seconds, and nobody's message is a ghost's."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from domain.ids import message_uid, new_page_id, page_of
from embedded.engine import Engine
from runtime.settings import Settings
from tests.faults.sink import Sink, running_sink
from tests.faults.size import MINUTES, SEED
from tests.stack import Stack, User, run_stack

SENDS = 300 if MINUTES else 150
COME_WITHIN = 8.0 if MINUTES else 4.0
"""Seconds in which all of them come."""
CALLER_STAYS = 20.0
"""Seconds: the API takes five, and the machine may have other work. Temporal hangs until all are answered."""
CALLER_LEAVES = 1.0
SMS = {"number": "+14155550123", "body": "Hi"}
_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Told:
    """What a caller was told."""

    contacts: int
    key: str | None
    status: int
    body: dict
    retry_after: str | None

    @property
    def uids(self) -> list[str]:
        return [item["uid"] for item in self.body["data"]] if self.status == 200 else []

    @property
    def in_doubt(self) -> UUID | None:
        """The page that may have been accepted."""
        if self.status == 503 and self.body["errors"][0]["code"] == "outcome_unknown":
            return page_of(UUID(_UID.findall(self.body["message"])[0]))
        return None


@contextmanager
def stopped(engine: Engine) -> Iterator[None]:
    """Temporal does nothing while the context is open; its kernel goes on taking what is sent to it."""
    pid = engine.pid("temporal")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(settings: Settings) -> AsyncIterator[Stack]:
    """Its client and its worker meet the hang: nobody else's."""
    async with run_stack(settings) as running:
        yield running


@asynccontextmanager
async def sending(stack: Stack) -> AsyncIterator[tuple[User, Sink]]:
    async with running_sink(SEED) as sink:
        user = await stack.user(100_000)
        await stack.gateway(user.id, "sms", "http", sink.config)
        answers = await asyncio.gather(*(stack.send(user, "sms", SMS) for _ in range(20)))
        for answer in answers:
            await stack.final(user, "sms", answer.json()["data"][0]["uid"])
        sink.arrived.clear()
        yield user, sink


async def send(http: httpx.AsyncClient, contacts: int, key: str | None, after: float = 0.0) -> Told:
    await asyncio.sleep(after)
    headers = {"Idempotency-Key": key} if key else {}
    answer = await http.post("/api/sms/send", json={"contact": [SMS] * contacts}, headers=headers)
    return Told(contacts, key, answer.status_code, answer.json(), answer.headers.get("retry-after"))


async def send_until_accepted(http: httpx.AsyncClient, again: Told) -> Told:
    async with asyncio.timeout(20):
        while (told := await send(http, again.contacts, again.key)).status == 503:
            await asyncio.sleep(float(told.retry_after or 0))
    assert told.status == 200, told
    return told


async def quiet(stack: Stack, user: User) -> str:
    """Wait until Temporal works again and no page is under way. Returns the message that was sent to see that."""
    async with asyncio.timeout(30):
        while (answer := await stack.send(user, "sms", SMS)).status_code != 200:
            await asyncio.sleep(0.2)
        uid: str = answer.json()["data"][0]["uid"]
        await stack.final(user, "sms", uid)
        while [run async for run in stack.temporal.list_workflows(await running_since_user_came(stack, user))]:
            await asyncio.sleep(0.2)
        return uid


async def running_since_user_came(stack: Stack, user: User) -> str:
    """A query for what runs of this test: others leave pages on this engine that wait for days."""
    async with stack.pool.connection() as conn:
        row = await (await conn.execute("select created_at from accounts where id = %s", (user.id,))).fetchone()
    assert row is not None
    return f"ExecutionStatus = 'Running' and StartTime >= '{row[0].isoformat()}'"


@pytest.mark.fault
async def test_a_hang_is_answered_in_seconds_and_sends_nothing_behind_anybodys_back(engine: Engine, stack: Stack):
    async with (
        sending(stack) as (user, sink),
        httpx.AsyncClient(
            base_url=stack.url, headers=user.headers, timeout=CALLER_STAYS, limits=httpx.Limits(max_connections=None)
        ) as http,
    ):
        with stopped(engine):
            told = await asyncio.gather(
                *(
                    send(
                        http,
                        3 if number % 10 == 0 else 1,
                        uuid4().hex if number % 4 == 0 else None,
                        after=COME_WITHIN * number / SENDS,
                    )
                    for number in range(SENDS)
                )
            )
            assert {each.status for each in told} == {503}
            assert all(each.retry_after for each in told)
        repeated = [await send_until_accepted(http, each) for each in told if each.key]
        probe = await quiet(stack, user)

        accepted = [probe, *(uid for each in repeated for uid in each.uids)]
        in_doubt = {each.in_doubt for each in told if each.in_doubt}
        singles_in_doubt = [each for each in told if each.contacts == 1 and each.in_doubt]
        print(f"{len(in_doubt)} pages in doubt, {len(singles_in_doubt)} callers of one message")
        assert len({each.in_doubt for each in singles_in_doubt}) <= 1  # the page of the group that was being started
        assert len(in_doubt) <= 20  # and those of several contacts that came before it was noticed
        ghosts = set(sink.arrived) - set(accepted)
        assert {page_of(UUID(uid)) for uid in ghosts} <= in_doubt, "a message whose caller was told otherwise"
        assert {uid: sink.arrived[uid] for uid in accepted} == dict.fromkeys(accepted, 1)


@pytest.mark.fault
async def test_callers_who_hang_up_are_not_sent(engine: Engine, stack: Stack):
    async with (
        sending(stack) as (user, sink),
        httpx.AsyncClient(base_url=stack.url, headers=user.headers, limits=httpx.Limits(max_connections=None)) as http,
    ):

        async def call(stays: float) -> httpx.Response | None:
            try:
                return await http.post("/api/sms/send", json={"contact": [SMS]}, timeout=stays)
            except httpx.ReadTimeout:
                return None

        with stopped(engine):
            first = asyncio.create_task(call(CALLER_STAYS))  # is being started, and holds up the others
            await asyncio.sleep(0.2)
            gone = [asyncio.create_task(call(CALLER_LEAVES)) for _ in range(20)]
            patient = [asyncio.create_task(call(CALLER_STAYS)) for _ in range(20)]
            assert await asyncio.gather(*gone) == [None] * 20
        answers = [await first, *await asyncio.gather(*patient)]
        probe = await quiet(stack, user)
        assert [answer and answer.status_code for answer in answers] == [200] * 21
        uids = [answer.json()["data"][0]["uid"] for answer in answers if answer]
        assert sink.arrived == dict.fromkeys([probe, *uids], 1)


@pytest.mark.fault
async def test_what_else_is_asked_during_a_hang_is_answered_too(engine: Engine, stack: Stack):
    async with sending(stack) as (user, sink):
        later, even_later = ((datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (7, 8))
        uid = (await stack.send(user, "sms", SMS | {"schedule_at": later})).json()["data"][0]["uid"]
        async with asyncio.timeout(10):
            while (await stack.status(user, "sms", uid))["to"] is None:  # until it is in the record
                await asyncio.sleep(0.05)

        async def answer(method: str, path: str, **more: Any) -> int:
            return (
                await stack.http.request(method, path, headers=user.headers, timeout=CALLER_STAYS, **more)
            ).status_code

        with stopped(engine):
            status, unrecorded, cancelled, moved, batch, health, ready, live = await asyncio.gather(
                answer("GET", f"/api/get/sms/{uid}"),
                answer("GET", f"/api/get/sms/{message_uid(new_page_id(), 0)}"),
                answer("POST", f"/api/sms/{uid}/cancel"),
                answer("POST", f"/api/sms/{uid}/reschedule", json={"schedule_at": even_later}),
                answer("POST", "/api/sms/send", json={"contact": [SMS] * 501}),
                answer("GET", "/health"),
                answer("GET", "/health/ready"),
                answer("GET", "/health/live"),
            )
        assert (status, live) == (200, 200)
        assert [unrecorded, cancelled, moved, batch, health, ready] == [503] * 6
        await stack.http.post(f"/api/sms/{uid}/cancel", headers=user.headers)
        probe = await quiet(stack, user)
        assert sink.arrived == {probe: 1}
        listed = (await stack.http.get("/api/batches", headers=user.headers)).json()["data"]
        assert listed == []
