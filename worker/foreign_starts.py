"""Workflows that somebody else started on our queues end at once, and the log says so.

Without this a start that has no seal would end without a word (``runtime/codec.py`` refuses its arguments), and one
that has no arguments would fail its workflow task for ever.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from temporalio.bridge.proto.workflow_activation import InitializeWorkflow, WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.workflow import Info

from runtime.codec import is_unsealed
from runtime.settings import Settings

log = structlog.get_logger()


def warn_of_unsealed_payloads(settings: Settings) -> None:
    """Log that foreign starts run, too, where the settings say so."""
    until = settings.accept_unsealed_until
    if not settings.payload_encryption:
        log.warning("payloads are not sealed: whoever reaches Temporal can send as anybody")
    elif until is not None and until > datetime.now(UTC):
        log.warning("unsealed payloads are accepted: whoever reaches Temporal can send as anybody", until=str(until))


class RefuseForeignStarts(WorkflowRunner):
    """Runs workflows with another runner, once it is known that this install started them."""

    def __init__(self, runner: WorkflowRunner) -> None:
        self._runner = runner

    def prepare_workflow(self, defn: Any) -> None:
        """As the other runner does."""
        self._runner.prepare_workflow(defn)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        """As the other runner does."""
        self._runner.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """An instance that looks at its arguments first."""
        return _Checked(self._runner.create_instance(det), takes_arguments=bool(det.defn.arg_types))


class _Checked(WorkflowInstance):
    def __init__(self, instance: WorkflowInstance, *, takes_arguments: bool) -> None:
        self._instance = instance
        self._takes_arguments = takes_arguments
        self._is_checked = False

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Fail the workflow where its start is not ours; else as the instance does."""
        if not self._is_checked:
            self._is_checked = True
            for job in act.jobs:
                if job.HasField("initialize_workflow") and not self._is_ours(job.initialize_workflow):
                    return self._refuse(act.is_replaying)
        return self._instance.activate(act)

    def _is_ours(self, start: InitializeWorkflow) -> bool:
        if not start.arguments:
            return not self._takes_arguments
        return not any(map(is_unsealed, start.arguments))

    def _refuse(self, is_replaying: bool) -> WorkflowActivationCompletion:
        info = self.get_info()
        if not is_replaying:  # a query of what has ended replays it
            log.error("ended a workflow that this install did not start", workflow=info.workflow_id, run=info.run_id)
        completion = WorkflowActivationCompletion()
        failure = completion.successful.commands.add().fail_workflow_execution.failure
        failure.message = "this install did not start the workflow"
        failure.application_failure_info.type = "UnsealedPayload"
        failure.application_failure_info.non_retryable = True
        return completion

    def get_info(self) -> Info:
        """As the instance does."""
        return self._instance.get_info()

    def get_serialization_context(self, command_info: Any) -> Any:
        """As the instance does."""
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        """As the instance does."""
        return self._instance.get_external_store_context(command_info)

    def get_thread_id(self) -> int | None:
        """As the instance does."""
        return self._instance.get_thread_id()
