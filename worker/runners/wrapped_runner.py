"""Base classes for checks between Temporal's core and a workflow: a runner and an instance that delegate."""

from collections.abc import Sequence
from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.workflow import Info


class WrappedRunner(WorkflowRunner):
    """Delegates to another runner."""

    def __init__(self, runner: WorkflowRunner) -> None:
        self._runner = runner

    def prepare_workflow(self, defn: Any) -> None:
        """Delegate."""
        self._runner.prepare_workflow(defn)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        """Delegate."""
        self._runner.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Delegate."""
        return self._runner.create_instance(det)


class WrappedInstance(WorkflowInstance):
    """Delegates to a workflow instance of another runner."""

    def __init__(self, instance: WorkflowInstance) -> None:
        self._instance = instance

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Delegate."""
        return self._instance.activate(act)

    def get_info(self) -> Info:
        """Delegate."""
        return self._instance.get_info()

    def get_serialization_context(self, command_info: Any) -> Any:
        """Delegate."""
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        """Delegate."""
        return self._instance.get_external_store_context(command_info)

    def get_thread_id(self) -> int | None:
        """Delegate."""
        return self._instance.get_thread_id()
