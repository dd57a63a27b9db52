"""docs/backup.md, performed: who was erased after a backup is gone again after the restore, with the proof."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.audience.contacts.contact import new_contact_id
from runtime.settings import Settings
from services.leads.erasing import erase_provided
from services.reconciling.reconciling import reconcile, restored_to
from store import workers
from store.persons import erasures
from store.persons.erasures import Erasure
from tests.api.automations.automations import data, holder
from tests.api.leads.test_lead_erasure import Person
from tests.api.leaks import leaks_in_tables
from tests.api.persons.persons import later, proof
from tests.faults.sink import running_sink
from tests.leads.leads import arrived, reaches, source_of
from tests.services.reconciling.restoring import Servers, back_up, own_settings, restore, servers
from tests.services.reconciling.test_restore import leave_now
from tests.stack import Stack, run_stack, run_worker
from worker.sweeps.operations import start_operations
from workflows.policy import QUEUES


async def all_erasures(found: Stack | Servers, number: int) -> list[Erasure]:
    """The records of all, once so many were carried out."""
    async with asyncio.timeout(60):
        while True:
            done = [one for one in await erasures.page(found.pool, None, None, 9) if one.done_at is not None]
            if len(done) == number:
                return done
            await asyncio.sleep(0.1)


async def accepted(stack: Stack, user: Any, *numbers: str) -> list[str]:
    """Messages that wait, of one page."""
    messages = [{"number": number, "body": "Hi", "schedule_at": later()} for number in numbers]
    answer = await stack.send(user, "sms", *messages)
    assert answer.status_code == 200, answer.text
    uids = [one["uid"] for one in answer.json()["data"]]
    async with asyncio.timeout(30), stack.pool.connection() as conn:
        query = "select 1 from messages where uid = any(%s::uuid[])"
        while (await conn.execute(query, (uids,))).rowcount < len(uids):
            await asyncio.sleep(0.05)
    return uids


async def test_who_was_erased_since_is_gone_again_and_nothing_is_sent_to_them(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.persons.carrying_out.AGAIN_AFTER", 0.0)
    own, file = await own_settings(settings), tmp_path / "backup.dump"
    one, two = Person(), Person()
    phone = one.answers["phone"]
    async with running_sink(1) as sink:
        async with run_stack(own) as stack:
            user = await holder(stack, "email")
            await stack.gateway(user.id, "sms", "http", sink.config)
            values = {name: one.answers[name] for name in ("email", "phone", "first_name", "last_name")}
            await data(stack, user, "POST", "/contacts", values)
            [alone], [waits, other] = (
                await accepted(stack, user, phone),
                await accepted(stack, user, phone, "+14155550177"),
            )
            source = await source_of(stack, user, "form", {})
            [received] = await arrived(stack, source, str(new_contact_id()), raw=two.answers)
            lead = await reaches(stack, received.id, "done")
            await back_up(own.database_url, file)
            await leave_now(stack, alone)
            begun = await data(stack, user, "POST", "/persons/erasures", {"phone": phone})
            before = await proof(stack, user, begun["erasure"]["id"])
            await erase_provided(stack.pool, source, lead.provider_id)
            await all_erasures(stack, 2)
            assert await leaks_in_tables(stack.pool, one.values[:4] + two.values) == []
        await restore(own.database_url, file)
        async with servers(own) as found:
            since = await restored_to(found.pool)
            await workers.delete_dead_workers(own.database_url, list(QUEUES))  # those of the backup may be seconds old
            planned = await reconcile(found.pool, found.temporal, since, apply=False)
            assert planned.differences["erasures_again"].count == 2
            assert await erasures.page(found.pool, None, None, 9) == [], "a dry run changes nothing"
            done = await reconcile(found.pool, found.temporal, since, apply=True)
            assert done.differences["erasures_again"].count == 2
            again = await reconcile(found.pool, found.temporal, since, apply=True)
            assert "erasures_again" not in again.differences, "all is in step"
            async with found.pool.connection() as conn:
                cursor = await conn.execute(
                    "select uid::text, state from messages where uid = any(%s::uuid[])", ([alone, waits, other],)
                )
                states = dict(await cursor.fetchall())
            assert states == {alone: "unknown", waits: "cancelled", other: "scheduled"}, "before any worker runs"
            async with run_worker(own, found.temporal):
                await start_operations(found.pool, found.temporal)
                records = {one.id: one for one in await all_erasures(found, 2)}
            record = records[UUID(before["id"])]
            assert record.asked_at.isoformat() == before["asked_at"].replace("Z", "+00:00")
            assert (record.asked_by["id"], record.repeated_at is None) == (str(user.id), False)
            assert record.removed["contacts"] == 1
            assert await leaks_in_tables(found.pool, one.values[:4] + two.values) == []
        assert sink.arrived == {alone: 1}, "once, before the erasure"
