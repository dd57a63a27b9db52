"""No lead is answered for before its workflow has started."""

import asyncio
from uuid import uuid4

import pytest
from temporalio.service import RPCError, RPCStatusCode

from services.leads import starting
from services.leads.receiving import Arrived, receive
from store.pool import InTransaction
from tests.api.answers import assert_error
from tests.api.leads.posted import a_source, has_started, stored
from tests.api.leads.test_google_leads import PATH, lead
from tests.stack import Stack


class Away:
    """A client of a Temporal that does not answer."""

    async def start_workflow(self, *_: object, **__: object) -> None:
        raise RPCError("down", RPCStatusCode.UNAVAILABLE, b"")


async def test_while_temporal_is_away_a_lead_is_stored_and_its_sender_repeats_it(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
):
    source = await a_source(stack, "google", credentials={"key": "k" * 30 + "a"})
    form = await a_source(stack, "form")
    body = lead("k" * 30 + "a")
    start = starting.LeadStarter.start

    async def fail(starter: starting.LeadStarter, _: object, received: object) -> None:
        await start(starter, Away(), received)  # type: ignore[arg-type]

    with monkeypatch.context() as away:
        away.setattr(starting.LeadStarter, "start", fail)
        for path, posted in ((PATH, body), (f"/api/leads/{form.id}", {"email": "ada@example.com"})):
            answer = await stack.http.post(path, json=posted)
            assert_error(answer, 503, "unavailable")
            assert int(answer.headers["retry-after"]) > 0
    assert [len(await stored(stack, one)) for one in (source, form)] == [1, 1]
    assert (await stack.http.post(PATH, json=body)).status_code == 200
    assert len(await stored(stack, source)) == 1
    assert await has_started(stack, source, body["lead_id"])


async def test_a_lead_that_is_being_stored_by_another_request_is_found_once_it_is(stack: Stack):
    arrived = [Arrived(await a_source(stack, "form"), uuid4().hex, "form")]
    async with stack.pool.connection() as conn, conn.transaction():
        (first,) = await receive(InTransaction(conn), stack.keyring, arrived)
        second = asyncio.create_task(receive(stack.pool, stack.keyring, arrived))
        async with asyncio.timeout(10):
            while not await one_waits(stack):
                await asyncio.sleep(0.01)
    assert [(one.id, one.is_new) for one in await second] == [(first.id, False)]


async def one_waits(stack: Stack) -> bool:
    """Whether a lead waits for another transaction to end: a transaction sees what others do as it saw it first."""
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            """select exists (select from pg_stat_activity where datname = current_database()
                   and wait_event_type = 'Lock' and query like '%insert into leads%' and pid <> pg_backend_pid())"""
        )
        row = await cursor.fetchone()
    return row is not None and bool(row[0])
