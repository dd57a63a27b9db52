"""Traces through workflows: what their headers carry, and that they change nothing in a history."""

import json
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowFailureError, WorkflowHistory
from temporalio.common import RetryPolicy
from temporalio.converter import PayloadConverter
from temporalio.worker import Replayer, Worker

from runtime.settings import Settings
from runtime.temporal import connect
from runtime.traces import tracing
from runtime.traces.temporal import KEY, Carried, TracedCalls
from runtime.traces.tracing import ENDPOINT, Here, traces_sent, within
from tests.traces.collector import running_collector, variables
from worker.replay.checking import types
from worker.runners.runner import workflow_runner

HISTORIES = Path(__file__).parents[1] / "workflows/histories"
TRACE = "a" * 32
PARENT = f"00-{TRACE}-{'b' * 16}-01"
SECRET = "to +4915112345678"


@activity.defn
async def passes() -> None:
    """Succeeds."""


@activity.defn
async def fails() -> None:
    raise ValueError(SECRET)


@workflow.defn
class Child:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_local_activity(passes, start_to_close_timeout=timedelta(seconds=5))


@workflow.defn
class TwoRuns:
    @workflow.run
    async def run(self, number: int) -> None:
        if number == 1:
            await workflow.execute_child_workflow(Child.run, id=f"{workflow.info().workflow_id}-child")
            workflow.continue_as_new(2)
        once = RetryPolicy(maximum_attempts=1)
        await workflow.execute_activity(fails, start_to_close_timeout=timedelta(seconds=5), retry_policy=once)


async def test_runs_have_one_span_each_however_often_they_are_replayed(settings: Settings):
    queue = f"queue-{uuid4()}"
    with running_collector() as collector, variables(**{ENDPOINT: collector.url}), traces_sent("test"):
        client = await connect(settings)
        async with Worker(
            client,
            task_queue=queue,
            workflows=[TwoRuns, Child],
            activities=[passes, fails],
            workflow_runner=workflow_runner(),
            max_cached_workflows=0,
        ):
            with within(Here(PARENT)):
                handle = await client.start_workflow(TwoRuns.run, 1, id=f"two-{uuid4()}", task_queue=queue)
            with pytest.raises(WorkflowFailureError):
                await handle.result()
            await client.execute_workflow(Child.run, id=f"untraced-{uuid4()}", task_queue=queue)
        spans = await collector.has(TRACE, lambda found: len(found) >= 5)
    assert len(collector.spans) == 5
    first, second = [span for span in spans if span.name == "RunWorkflow:TwoRuns"]
    (child,) = [span for span in spans if span.name == "RunWorkflow:Child"]
    (local,) = [span for span in spans if span.name == "RunActivity:passes"]
    (failed,) = [span for span in spans if span.name == "RunActivity:fails"]
    for run in (first, second, child):
        assert int(run.id, 16) == UUID(run.attributes["temporalRunID"]).int & (2**64 - 1)
    parents = [span.parent for span in (first, second, child, local, failed)]
    assert parents == ["b" * 16, "b" * 16, first.id, child.id, second.id]
    errors = [span.attributes.get("error.type") for span in (first, second, child, local, failed)]
    assert errors == [None, "ActivityError", None, None, "ValueError"]
    assert [span.failed for span in (first, second, child, local, failed)] == [bool(error) for error in errors]
    assert not any(SECRET.encode() in span.raw for span in spans)


async def test_histories_replay_with_and_without_a_trace():
    """Those of earlier days have none; a trace that begins or ends with an upgrade must not matter either."""
    header = {"fields": {KEY: _as_json(Carried(PARENT, {1: PARENT}).header()[KEY])}}
    with variables(**{ENDPOINT: "http://127.0.0.1:9"}), traces_sent("test"):
        spans = tracing.spans()
        assert spans is not None
        replayer = Replayer(workflows=types(), workflow_runner=workflow_runner(), interceptors=[TracedCalls(spans)])
        for path in [*HISTORIES.glob("*.json"), HISTORIES / "first_release/plain.json"]:
            events = json.loads(path.read_text())
            await replayer.replay_workflow(WorkflowHistory.from_json(path.stem, json.dumps(events)))
            events["events"][0]["workflowExecutionStartedEventAttributes"]["header"] = header
            await replayer.replay_workflow(WorkflowHistory.from_json(path.stem, json.dumps(events)))


def _as_json(payload: Payload) -> dict[str, object]:
    metadata = {name: b64encode(value).decode() for name, value in payload.metadata.items()}
    return {"metadata": metadata, "data": b64encode(payload.data).decode()}


@pytest.mark.parametrize(
    "carrier",
    [
        None,
        [],
        {},
        {"traceparent": 7},
        {"traceparent": PARENT[:-1]},
        {"traceparent": PARENT[:-2] + "00"},
        {"traceparent": PARENT, "messages": [PARENT]},
        {"traceparent": PARENT, "messages": {"x": PARENT}},
        {"traceparent": PARENT, "messages": {"1": "+4915112345678"}},
    ],
)
def test_a_header_that_cannot_be_read_is_none(carrier: object):
    assert Carried.read({KEY: PayloadConverter.default.to_payload(carrier)}) is None


def test_what_is_no_json_is_none_and_what_was_written_is_read():
    assert Carried.read({KEY: Payload(metadata={"encoding": b"binary/xsender-aes256gcm"}, data=b"x")}) is None
    assert Carried.read({}) is None
    written = Carried(PARENT, {3: PARENT})
    assert Carried.read(written.header()) == written
