"""Which events and posts an automation listens to."""

from domain.audience.changes import FIELD_CHANGED, GROUP_ADDED, GROUP_REMOVED, TAG_ADDED, TAG_REMOVED
from domain.automations.definition.flow import Flow
from domain.automations.definition.steps import GoalStep, WaitEvent
from domain.automations.definition.triggers import (
    Inbound,
    OnEvent,
    OnField,
    OnGroup,
    OnMessage,
    OnTag,
    Trigger,
    Webhook,
)

MESSAGE = "message."
RECEIVED = "message.received"


def triggers_of(flow: Flow) -> list[tuple[str, str]]:
    """Kind and name of each trigger, in their order."""
    return [_named(trigger) for trigger in flow.triggers]


def _named(trigger: Trigger) -> tuple[str, str]:
    match trigger:
        case Webhook(hook=hook):
            return "webhook", hook
        case OnEvent(event=event):
            return "event", event
        case OnMessage(event=event):
            return "event", MESSAGE + event
        case OnTag(name=name, on=on):
            return (TAG_ADDED if on == "added" else TAG_REMOVED), name
        case OnGroup(name=name, on=on):
            return (GROUP_ADDED if on == "added" else GROUP_REMOVED), name
        case OnField(field=field):
            return FIELD_CHANGED, field
    return trigger.kind, ""


def event_names(flow: Flow) -> set[str]:
    """Events that may begin a run, or matter to one."""
    names = {name for kind, name in triggers_of(flow) if kind == "event"}
    names |= {RECEIVED for trigger in flow.triggers if isinstance(trigger, Inbound)}
    names |= {rule.event for rule in flow.exit if rule.event}
    if flow.goal:
        names.add(flow.goal.event)
    for step in flow.walk():
        match step:
            case WaitEvent():
                names |= set(step.events)
            case GoalStep(event=event):
                names.add(event)
    return names
