"""Keeps events from a workflow until their workflow task has come.

A query may reach a worker that does not hold its workflow, with the whole history: also with events that no workflow
task has handed out yet, because their task still waits for a worker that died. The SDK (1.35) gives those to the
workflow before the query. When more events have come, the task hands out only the later ones; a replay gets
all of them at once, signals before timers, and may take another path (decision 0014).

Such a query is refused, and the workflow evicted: the caller reads the database, and the task replays the history.
"""

from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails

from worker.runners.wrapped_runner import WrappedInstance, WrappedRunner

_EVENTS = {"signal_workflow", "fire_timer", "cancel_workflow"}
_RESULTS = {"resolve_activity", "resolve_child_workflow_execution"}


class RefuseEarlyEvents(WrappedRunner):
    """Wraps another runner, and gives workflows no events before their task."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """An instance that refuses events before their task."""
        return _Refusing(super().create_instance(det))


class _Refusing(WrappedInstance):
    def __init__(self, instance: WorkflowInstance) -> None:
        super().__init__(instance)
        self._history_size = 0
        """History size in bytes at the latest workflow task: it grows with each task. Zero: not reported."""

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Fail an activation that has events without a task; else delegate."""
        is_same_task = act.history_size_bytes == self._history_size > 0
        if is_same_task and any(map(_is_of_history, act.jobs)):
            completion = WorkflowActivationCompletion()
            completion.failed.failure.message = "a worker is just taking this workflow over: ask again"
            return completion
        self._history_size = act.history_size_bytes
        return super().activate(act)


def _is_of_history(job: WorkflowActivationJob) -> bool:
    """Whether only a history event can cause it. Within a task come results of local activities, and of activities and
    children that the workflow itself cancels.
    """
    kind = job.WhichOneof("variant")
    if kind == "resolve_child_workflow_execution_start":
        return not job.resolve_child_workflow_execution_start.HasField("cancelled")
    if kind == "resolve_activity" and job.resolve_activity.is_local:
        return False
    return kind in _EVENTS or (kind in _RESULTS and not getattr(job, kind).result.HasField("cancelled"))
