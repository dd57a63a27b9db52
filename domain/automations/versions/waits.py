"""By what runs wait at a step: whether they may go on waiting as they do when the definition changes."""

from typing import Any

from domain.automations.definition.flow import Flow
from domain.automations.definition.steps import Step, Wait, WaitEvent
from domain.automations.position import Tree


def rule_of(step: Step, flow: Flow) -> tuple[Any, ...] | None:
    """What decides how long a wait lasts; ``None``: the step is none."""
    match step:
        case Wait():
            zone = step.timezone or flow.settings.timezone
            return step.for_, step.until, step.at, step.window, zone, step.offset, step.jitter, step.disabled
        case WaitEvent():
            return (step.timeout, step.disabled)
    return None


def events_of(step: Step, flow: Flow, tree: Tree) -> set[str]:
    """Events for which a run at a step is woken."""
    found = {rule.event for rule in flow.exit if rule.event} | ({flow.goal.event} if flow.goal else set())
    found |= {goal.event for goal in tree.goals_ahead(step.id)}
    return found | set(step.events) if isinstance(step, WaitEvent) else found


def is_undisturbed(id_: str, before: Flow, old: Tree, after: Flow, new: Tree) -> bool:
    """Whether runs that wait at a step need not be looked at when they go by another definition."""
    if id_ not in new.places:
        return False
    one, other = old.step(id_), new.step(id_)
    same_rule = rule_of(one, before) == rule_of(other, after)
    return same_rule and events_of(one, before, old) == events_of(other, after, new)
