"""``/api/admin/v1/workflows``: staff finds workflows that hang and mends them, all that match at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from domain.access.permissions import OWNER, PRESETS
from runtime.search_attributes import attributes
from tests.api.admin import Staff, admin
from tests.api.answers import assert_error
from tests.api.test_approvals import policy, requested
from tests.looks import Looks
from tests.stack import Stack

TYPE = "WaitingWorkflow"


@workflow.defn(name=TYPE)
class Waiting:
    """Ends when it is woken."""

    def __init__(self) -> None:
        self.woken = False

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self.woken)
        return "ended"

    @workflow.signal
    def wake(self) -> None:
        self.woken = True


@dataclass(frozen=True)
class Some:
    """Workflows of an account of their own, and who mends them."""

    staff: Staff
    account: int
    handles: list[WorkflowHandle]

    @property
    def filter(self) -> dict[str, Any]:
        return {"type": TYPE, "account": str(self.account)}

    @property
    def query(self) -> str:
        return f"type={TYPE}&account={self.account}"

    async def act(self, act: str, *, dry: bool = False, **more: Any) -> Any:
        body = {"filter": self.filter, "reason": "a bug", **more}
        return await self.staff.data("POST", f"/workflows/{act}{'?dry_run=true' if dry else ''}", body)

    async def until(self, number: int, status: str) -> None:
        looks = Looks()
        async with asyncio.timeout(60):
            while True:
                counts = await self.staff.data("GET", f"/workflows/counts?{self.query}&status={status}")
                if sum(one["workflows"] for one in counts) == number:
                    return
                await looks.pause()

    async def ended(self, job: str) -> Any:
        looks = Looks()
        async with asyncio.timeout(60):
            while (now := await self.staff.data("GET", f"/workflows/jobs/{job}"))["state"] == "running":
                await looks.pause()
        return now


@pytest.fixture
async def some(stack: Stack) -> AsyncIterator[Some]:
    account, queue = uuid4().int % 10**12, f"waiting-{uuid4()}"
    async with Worker(
        stack.temporal, task_queue=queue, workflows=[Waiting], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        given: dict[str, Any] = {"search_attributes": attributes(channel="sms", account=account)}
        handles = [
            await stack.temporal.start_workflow(TYPE, id=f"waiting-{uuid4()}", task_queue=queue, **given)
            for _ in range(3)
        ]
        made = Some(await admin(stack), account, handles)
        await made.until(3, "running")
        yield made


async def test_they_are_listed_page_by_page_and_counted_before_anything_is_done(some: Some):
    first = (await some.staff.call("GET", f"/workflows?{some.query}&limit=2")).json()
    assert len(first["data"]) == 2
    cursor = first["next_cursor"]
    second = (await some.staff.call("GET", f"/workflows?{some.query}&limit=2&cursor={cursor}")).json()
    assert second["next_cursor"] is None
    listed = [*first["data"], *second["data"]]
    assert {row["id"] for row in listed} == {handle.id for handle in some.handles}
    assert {(row["type"], row["status"], row["channel"]) for row in listed} == {(TYPE, "running", "sms")}
    one = some.handles[0].id
    assert [row["id"] for row in await some.staff.data("GET", f"/workflows?type={TYPE}&id={one}")] == [one]
    other = await some.staff.call("GET", f"/workflows?type={TYPE}&limit=2&cursor={cursor}")
    assert_error(other, 422, "cursor_filters", "/cursor")
    counted = await some.act("terminate", dry=True, reason="")
    assert (counted["workflows"], counted["job"]) == (3, None)
    assert counted["counts"] == [{"type": TYPE, "status": "running", "workflows": 3}]
    await some.until(3, "running")


async def test_one_is_terminated_by_its_id_and_begun_once_for_an_idempotency_key(some: Some):
    body = {"filter": {"type": TYPE, "id": some.handles[0].id}, "reason": "no use"}
    once, key = uuid4().hex, some.staff.key.split("_")[2]
    begun = await some.staff.data("POST", "/workflows/terminate", body, Idempotency_Key=once)
    ended = await some.ended(begun["job"])
    assert (ended["state"], ended["done"], ended["reason"]) == ("done", 1, "no use")
    again = await some.staff.data("POST", "/workflows/terminate", body, Idempotency_Key=once)
    assert again["job"] == begun["job"]
    await some.until(1, "terminated")
    await some.until(2, "running")
    (event,) = await some.staff.data("GET", f"/audit?actor=key:{key}&action=workflows.terminate")
    assert (event["reason"], event["targets"][0]["id"]) == ("no use", begun["job"])
    assert event["metadata"] == {"filter": body["filter"], "workflows": 1}
    stopped = await some.staff.call("POST", f"/workflows/jobs/{begun['job']}/stop")
    assert_error(stopped, 409, "batch_operation_ended")


async def test_a_signal_to_all_that_match_waits_for_a_second_person_if_there_is_a_policy(some: Some):
    owner, other = await some.staff.colleague("owner"), await some.staff.colleague("owner")
    body = {"filter": some.filter, "reason": "a bug", "signal": "wake"}
    async with policy(some.staff, "workflows"):
        counted = await owner.data("POST", "/workflows/signal?dry_run=true", body)
        assert (counted["workflows"], counted["job"]) == (3, None), "to count them needs nobody's approval"
        waits = await requested(owner, "POST", "/workflows/signal", body)
        assert waits["targets"][0]["name"].startswith("3 of ")
        assert (await owner.call("POST", f"/approvals/{waits['id']}/approve")).status_code == 403
        await some.until(3, "running")
        assert (await other.data("POST", f"/approvals/{waits['id']}/approve"))["state"] == "approved"
    assert [await handle.result() for handle in some.handles] == ["ended"] * 3


@pytest.mark.parametrize(
    ("act", "body", "status", "code"),
    [
        ("reset", {"filter": {"lane": "fast"}}, 422, "workflow_filter"),
        ("reset", {"filter": {"type": "x' or 1 = 1"}}, 422, "workflow_filter"),
        ("reset", {"filter": {"id": "x' or '1' = '1"}}, 422, "workflow_filter"),
        ("reset", {"filter": {"type": "SendWorkflow", "status": ["running"]}}, 422, "workflow_filter"),
        ("reset", {"filter": {"status": ["gone"]}}, 422, "literal_error"),
        ("terminate", {"filter": {"status": ["running"]}}, 409, "filter_needed"),
        ("terminate", {"filter": {"type": "SendWorkflow"}, "reason": " "}, 422, "reason_missing"),
        ("signal", {"filter": {"type": "SendWorkflow"}, "signal": "change"}, 422, "workflow_signal"),
        ("signal", {"filter": {"type": "SendWorkflow"}}, 422, "missing"),
    ],
)
async def test_what_cannot_be_meant_is_refused(stack: Stack, act: str, body: dict[str, Any], status: int, code: str):
    staff = await admin(stack)
    answer = await staff.call("POST", f"/workflows/{act}", {"reason": "a bug", **body})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code), answer.text


async def test_a_job_must_exist_and_a_cursor_be_one(stack: Stack):
    staff = await admin(stack)
    assert_error(await staff.call("GET", "/workflows/jobs/none"), 404, "batch_operation_not_found")
    assert_error(await staff.call("POST", "/workflows/jobs/none/stop"), 404, "batch_operation_not_found")
    assert_error(await staff.call("GET", "/workflows?cursor=eA"), 422, "cursor", "/cursor")


def test_only_owners_act_on_workflows():
    assert [role for role in PRESETS if "workflows:write" in PRESETS[role]] == [OWNER]
