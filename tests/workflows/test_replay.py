"""Code of today replays what the code of earlier days did: histories recorded by ``record_histories.py``."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from domain import limits
from domain.messages import new_page
from worker.replay.checking import types
from workflows.batches import batch_run
from workflows.send import SendWorkflow
from workflows.sending import page, page_run

FOLDER = Path(__file__).parent / "histories"
HISTORIES = sorted(FOLDER.rglob("*.json"))
FLOWS = types()


def load(name: str, change: Callable[[str], str] = str) -> WorkflowHistory:
    return WorkflowHistory.from_json(name, change((FOLDER / f"{name}.json").read_text()))


@pytest.mark.parametrize("runner", [UnsandboxedWorkflowRunner(), SandboxedWorkflowRunner()], ids=["plain", "sandbox"])
@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: str(path.relative_to(FOLDER).with_suffix("")))
async def test_a_recorded_history_replays(path: Path, runner: WorkflowRunner):
    history = load(str(path.relative_to(FOLDER).with_suffix("")))
    await Replayer(workflows=FLOWS, workflow_runner=runner).replay_workflow(history)


async def test_a_history_that_the_code_would_not_make_is_noticed():
    """Another activity in the place of the dispatch: proof that the replayer looks."""
    history = load("plain", lambda text: text.replace('"name": "dispatch"', '"name": "post"'))
    with pytest.raises(Exception, match=r"[Nn]ondeterminism"):
        await Replayer(workflows=[SendWorkflow]).replay_workflow(history)


@pytest.mark.parametrize("folder", [FOLDER, FOLDER / "first_release"], ids=["now", "first release"])
@pytest.mark.parametrize("cancelled_first", [True, False])
async def test_a_page_may_be_cancelled_in_the_very_task_that_brings_its_dispatchs_result(
    cancelled_first: bool, folder: Path
):
    """The SDK then gives the workflow the cancellation and not the result: once that took the whole worker down."""
    events = json.loads((folder / "plain.json").read_text())["events"]
    done = next(n for n, event in enumerate(events) if event["eventType"] == "EVENT_TYPE_ACTIVITY_TASK_COMPLETED")
    cancel = {
        "eventTime": events[done]["eventTime"],
        "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED",
        "workflowExecutionCancelRequestedEventAttributes": {},
    }
    both = [cancel, events[done]] if cancelled_first else [events[done], cancel]
    events = [*events[:done], *both, *events[done + 1 : done + 3]]
    numbered = [event | {"eventId": str(number)} for number, event in enumerate(events, 1)]
    numbered[-1]["workflowTaskStartedEventAttributes"]["scheduledEventId"] = str(len(events) - 1)
    history = WorkflowHistory.from_json("cancelled", json.dumps({"events": numbered}))
    replayer = Replayer(workflows=[SendWorkflow], workflow_runner=UnsandboxedWorkflowRunner())
    await asyncio.wait_for(replayer.replay_workflow(history), 20)


def test_there_are_histories_of_each_kind():
    for folder in (FOLDER, FOLDER / "first_release"):
        assert {path.stem for path in folder.glob("*.json")} >= {
            "plain",
            "failover",
            "scheduled_cancelled",
            "rescheduled",
            "refused",
            "fresh_run",
            "shared",
            "steered",
            "fell_back",
            "receipts",
            "gateway_paused",
            "batch",
            "batch_cancelled",
            "told",
            "refused_told",
            "batch_cancelled_told",
            "callback",
        }
    assert {path.stem for path in FOLDER.glob("*.json")} >= {
        *("at_once", "at_once_in_part", "receipts_shared", "operation", "campaign"),
    }


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: str(path.relative_to(FOLDER).with_suffix("")))
async def test_a_recorded_history_replays_whatever_the_limits_are_now(path: Path, monkeypatch):
    """Pages and batches live for up to a year: they go by the limits that they were started with."""
    for name in ("PAGE_LIMITS", "BATCH_LIMITS"):
        small = {field.name: 1 for field in fields(getattr(limits, name))}
        changed = replace(getattr(limits, name), **small)
        for module in (limits, new_page, page, page_run, batch_run):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, changed)
    runner = UnsandboxedWorkflowRunner()
    await Replayer(workflows=FLOWS, workflow_runner=runner).replay_workflow(
        load(str(path.relative_to(FOLDER).with_suffix("")))
    )
