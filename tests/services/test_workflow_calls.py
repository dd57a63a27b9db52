"""Asking workflows what became of a change, also those that do not answer any more."""

from typing import Any, cast

import pytest
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.common import QueryRejectCondition

from services.workflow_calls import answer_to


class Ended:
    """A workflow that has ended: it reports that, and answers as configured."""

    def __init__(self, answer: str | Exception | None) -> None:
        self._answer = answer

    async def query(self, name: str, change_id: str, *, reject_condition: QueryRejectCondition, **_: Any) -> str | None:
        if reject_condition != QueryRejectCondition.NONE:
            raise WorkflowQueryRejectedError(WorkflowExecutionStatus.TERMINATED)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("", ""),
        ("not any more", "not any more"),
        (None, "it has ended"),
        # Terminated with the signal unread: its events are held back, and never come to it.
        (WorkflowQueryFailedError("a worker is just taking this workflow over: ask again"), "it has ended"),
    ],
)
async def test_a_workflow_that_has_ended_is_asked_once_more(answer: str | Exception | None, expected: str):
    workflow = cast(WorkflowHandle[Any, Any], Ended(answer))
    assert await answer_to(workflow, "change") == expected
