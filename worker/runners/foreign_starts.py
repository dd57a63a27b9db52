"""Workflows on our queues that this install did not start end at once, with a log entry.

Without this an unsealed start would end without a log entry (``runtime/codec.py`` refuses its arguments), and one
that has no arguments would fail its workflow task for ever.
"""

from datetime import UTC, datetime

import structlog
from temporalio.bridge.proto.workflow_activation import InitializeWorkflow, WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails

from runtime.codec import is_unsealed
from runtime.settings import Settings
from worker.runners.wrapped_runner import WrappedInstance, WrappedRunner

log = structlog.get_logger()


def warn_of_unsealed_payloads(settings: Settings) -> None:
    """Log a warning if the settings allow foreign starts."""
    until = settings.accept_unsealed_until
    if not settings.payload_encryption:
        log.warning("payloads are not sealed: anyone with access to Temporal can send as any account")
    elif until is not None and until > datetime.now(UTC):
        log.warning(
            "unsealed payloads are accepted: anyone with access to Temporal can send as any account", until=str(until)
        )


class RefuseForeignStarts(WrappedRunner):
    """Wraps another runner, and runs only workflows that this install started."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """An instance that checks its arguments first."""
        return _Checked(super().create_instance(det), takes_arguments=bool(det.defn.arg_types))


class _Checked(WrappedInstance):
    def __init__(self, instance: WorkflowInstance, *, takes_arguments: bool) -> None:
        super().__init__(instance)
        self._takes_arguments = takes_arguments
        self._is_checked = False

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Fail the workflow if its start is not ours; else delegate."""
        if not self._is_checked:
            self._is_checked = True
            for job in act.jobs:
                if job.HasField("initialize_workflow") and not self._is_ours(job.initialize_workflow):
                    return self._refuse(act.is_replaying)
        return super().activate(act)

    def _is_ours(self, start: InitializeWorkflow) -> bool:
        if not start.arguments:
            return not self._takes_arguments
        return not any(map(is_unsealed, start.arguments))

    def _refuse(self, is_replaying: bool) -> WorkflowActivationCompletion:
        info = self.get_info()
        if not is_replaying:  # a query of a closed workflow replays it
            log.error("ended a workflow that this install did not start", workflow=info.workflow_id, run=info.run_id)
        completion = WorkflowActivationCompletion()
        failure = completion.successful.commands.add().fail_workflow_execution.failure
        failure.message = "this install did not start the workflow"
        failure.application_failure_info.type = "UnsealedPayload"
        failure.application_failure_info.non_retryable = True
        return completion
