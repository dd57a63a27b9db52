"""Billable actions, counted from events."""

from google.protobuf.json_format import ParseDict
from temporalio.api.history.v1 import HistoryEvent

from bench.sizing.actions import actions_of


def history(*events: tuple[str, dict[str, object]]) -> list[HistoryEvent]:
    """Events by the name of their type and what they say."""
    return [
        ParseDict(
            {
                "eventId": number,
                "eventType": f"EVENT_TYPE_{name.upper()}",
                f"{name}_event_attributes": attributes,
            },
            HistoryEvent(),
        )
        for number, (name, attributes) in enumerate(events, start=1)
    ]


def local(task: int, name: str = "core_local_activity") -> tuple[str, dict[str, object]]:
    return "marker_recorded", {"markerName": name, "workflowTaskCompletedEventId": task}


def test_a_page_is_a_start_its_local_activities_and_its_dispatches():
    events = history(
        ("workflow_execution_started", {"attempt": 1}),
        ("workflow_task_scheduled", {}),
        ("workflow_task_started", {}),
        ("workflow_task_completed", {"meteringMetadata": {"nonfirstLocalActivityExecutionAttempts": 3}}),
        local(4),
        local(4),
        ("activity_task_scheduled", {}),
        ("activity_task_started", {"attempt": 3}),
        ("activity_task_completed", {}),
        local(10),
        local(10, "core_patch"),
        ("timer_started", {}),
        ("timer_fired", {}),
        ("workflow_execution_completed", {}),
    )
    assert actions_of(events) == {
        "start": 1,
        "local activities": 2,
        "local activities retried": 3,
        "activity": 1,
        "activity retried": 2,
        "timer": 1,
    }


def test_a_child_is_counted_once_and_a_start_with_a_signal_is_one_action():
    child = history(("workflow_execution_started", {"attempt": 1, "parentWorkflowExecution": {"workflowId": "batch"}}))
    assert actions_of(child) == {}
    assert actions_of(history(("start_child_workflow_execution_initiated", {}))) == {"child workflow": 2}
    signalled = ("workflow_execution_signaled", {"signalName": "wake"})
    assert actions_of(history(("workflow_execution_started", {}), signalled)) == {"start": 1}
    later = history(("workflow_execution_started", {}), ("workflow_task_scheduled", {}), signalled)
    assert actions_of(later) == {"start": 1, "signal": 1}


def test_what_says_only_which_code_ran_costs_nothing():
    fields = {"indexedFields": {"TemporalChangeVersion": {}}}
    events = history(
        ("upsert_workflow_search_attributes", {"searchAttributes": fields}),
        ("upsert_workflow_search_attributes", {"searchAttributes": {"indexedFields": {"Outcome": {}}}}),
    )
    assert actions_of(events) == {"search attributes": 1}
