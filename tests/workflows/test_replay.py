"""Code of today replays what the code of earlier days did: histories recorded by ``record_histories.py``."""

from collections.abc import Callable
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from workflows.batch import BatchWorkflow
from workflows.callback import CallbackWorkflow
from workflows.receipts import ReceiptsWorkflow
from workflows.send import SendWorkflow

FOLDER = Path(__file__).parent / "histories"
HISTORIES = sorted(FOLDER.glob("*.json"))


def load(name: str, change: Callable[[str], str] = str) -> WorkflowHistory:
    return WorkflowHistory.from_json(name, change((FOLDER / f"{name}.json").read_text()))


@pytest.mark.parametrize("runner", [UnsandboxedWorkflowRunner(), SandboxedWorkflowRunner()], ids=["plain", "sandbox"])
@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path, runner: WorkflowRunner):
    history = load(path.stem)
    flows = [SendWorkflow, BatchWorkflow, ReceiptsWorkflow, CallbackWorkflow]
    await Replayer(workflows=flows, workflow_runner=runner).replay_workflow(history)


async def test_a_history_that_the_code_would_not_make_is_noticed():
    """Another activity in the place of the dispatch: proof that the replayer looks."""
    history = load("plain", lambda text: text.replace('"name": "dispatch"', '"name": "post"'))
    with pytest.raises(Exception, match=r"[Nn]ondeterminism"):
        await Replayer(workflows=[SendWorkflow]).replay_workflow(history)


def test_there_are_histories_of_each_kind():
    assert {path.stem for path in HISTORIES} >= {
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
