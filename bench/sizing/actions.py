"""Billable actions of Temporal Cloud, counted from the histories of workflows.

The rules are those of Temporal's page "Temporal Cloud Actions" (docs.temporal.io/cloud/actions, 2026-11), by the types
of events that it names. What leaves no event is not counted: queries (an action each), heartbeats of activities that
reach the server (an action each, at most one for each 3 s of a dispatch), and the tenth more that fairness costs.
"""

from collections import Counter
from collections.abc import Iterable

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

_ONE = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activity",
    EventType.EVENT_TYPE_TIMER_STARTED: "timer",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: "update",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED: "options updated",
}
_NOT_BILLED = {"core_patch", "Version"}
"""Markers of versions of the code."""
_MOST_RETRIES = 100


def actions_of(history: Iterable[HistoryEvent]) -> Counter[str]:
    """The actions of one run, by what they are for."""
    counted: Counter[str] = Counter()
    marked: set[int] = set()
    for event in history:
        if event.event_type in _ONE:
            counted[_ONE[event.event_type]] += 1
        elif event.HasField("workflow_execution_started_event_attributes"):
            # A retry of the workflow is none; a child is counted where it is started.
            started = event.workflow_execution_started_event_attributes
            counted["start"] += started.attempt <= 1 and not started.HasField("parent_workflow_execution")
        elif event.HasField("start_child_workflow_execution_initiated_event_attributes"):
            counted["child workflow"] += 2
        elif event.HasField("activity_task_started_event_attributes"):
            counted["activity retried"] += max(0, event.activity_task_started_event_attributes.attempt - 1)
        elif event.HasField("workflow_execution_signaled_event_attributes"):
            counted["signal"] += event.event_id != 2  # a start with a signal is one action
        elif event.HasField("upsert_workflow_search_attributes_event_attributes"):
            upserted = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
            counted["search attributes"] += set(upserted) != {"TemporalChangeVersion"}
        elif event.HasField("marker_recorded_event_attributes"):
            marker = event.marker_recorded_event_attributes
            task = marker.workflow_task_completed_event_id
            if marker.marker_name not in _NOT_BILLED and task not in marked:
                marked.add(task)  # all of one task are one action
                counted["local activities"] += 1
        elif event.HasField("workflow_task_completed_event_attributes"):
            again = event.workflow_task_completed_event_attributes.metering_metadata
            tries = again.nonfirst_local_activity_execution_attempts
            counted["local activities retried"] += min(tries, _MOST_RETRIES)
    return +counted
