"""Room for checks between Temporal's core and a workflow: both sides of a runner, passed on as they are."""

from collections.abc import Sequence
from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.workflow import Info


class WrappedRunner(WorkflowRunner):
    """Runs workflows with another runner."""

    def __init__(self, runner: WorkflowRunner) -> None:
        self._runner = runner

    def prepare_workflow(self, defn: Any) -> None:
        """As the other runner does."""
        self._runner.prepare_workflow(defn)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        """As the other runner does."""
        self._runner.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """As the other runner does."""
        return self._runner.create_instance(det)


class WrappedInstance(WorkflowInstance):
    """A workflow of another runner."""

    def __init__(self, instance: WorkflowInstance) -> None:
        self._instance = instance

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """As the other instance does."""
        return self._instance.activate(act)

    def get_info(self) -> Info:
        """As the other instance does."""
        return self._instance.get_info()

    def get_serialization_context(self, command_info: Any) -> Any:
        """As the other instance does."""
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        """As the other instance does."""
        return self._instance.get_external_store_context(command_info)

    def get_thread_id(self) -> int | None:
        """As the other instance does."""
        return self._instance.get_thread_id()
