"""What loads left in Temporal."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from temporalio.client import Client, WorkflowExecution

from bench.sizing.actions import actions_of
from bench.waiting import until

_WITHIN = 60.0


@dataclass(frozen=True)
class Left:
    """Workflows of one load."""

    workflows: Mapping[str, int]
    """By type."""
    actions: Mapping[str, int]
    events: int
    bytes: int
    """Of their histories."""
    transitions: int
    """Changes of a workflow's state, each a transaction of Temporal's database."""


class Runs:
    """Finds the runs that are new since it last looked."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: set[str] = set()

    async def new(self) -> Left:
        """What the runs since the last call left, once all of them have ended.

        Raises:
            TimeoutError: some do not end.
        """
        found = await until(self._look, lambda runs: all(run.close_time for run in runs), _WITHIN, 0.1)
        fresh = [run for run in found if run.run_id not in self._known]
        self._known.update(run.run_id for run in fresh)
        actions: Counter[str] = Counter()
        events = size = transitions = 0
        for run in fresh:
            handle = self._client.get_workflow_handle(run.id, run_id=run.run_id)
            actions += actions_of([event async for event in handle.fetch_history_events()])
            info = (await handle.describe()).raw_description.workflow_execution_info
            events += info.history_length
            size += info.history_size_bytes
            transitions += info.state_transition_count
        workflows = Counter(run.workflow_type for run in fresh)
        return Left(dict(workflows), dict(actions), events, size, transitions)

    async def _look(self) -> list[WorkflowExecution]:
        return [run async for run in self._client.list_workflows()]
