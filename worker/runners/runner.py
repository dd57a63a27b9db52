"""How workflows are run, live and in a replay."""

from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowRunner

from worker.runners.early_events import RefuseEarlyEvents
from worker.runners.foreign_starts import RefuseForeignStarts


def workflow_runner() -> WorkflowRunner:
    """A runner with all our checks."""
    # The sandbox costs about 10 ms a workflow. Lint and sandboxed tests enforce its rules.
    return RefuseEarlyEvents(RefuseForeignStarts(UnsandboxedWorkflowRunner()))
