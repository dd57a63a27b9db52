"""Search attributes of workflows: set at the start where Temporal has them, the outcome only if it is a bad one.

Whether a run was started with any decides all the rest, and is in its first event: so histories of releases without
them replay, and a child is not refused where they could not be registered (``runtime/search_attributes.py``).
"""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

with workflow.unsafe.imports_passed_through():
    import domain.workflows.search_attributes as names
    from domain.workflows.search_attributes import Outcome

_KEYS = {name: SearchAttributeKey.for_keyword(name) for name in names.NAMES}
_OUTCOME = _KEYS[names.OUTCOME]


def child_attributes(
    *, channel: str, lane: str, account: int, accounts: Sequence[int] = ()
) -> TypedSearchAttributes | None:
    """What a child of the workflow that runs is started with; ``None`` if this was started without."""
    if not _has_any():
        return None
    values = names.started_with(channel, lane, account, accounts)
    return TypedSearchAttributes([SearchAttributePair(_KEYS[name], value) for name, value in values.items()])


def show_outcome(outcome: Outcome) -> None:
    """Have the workflow that runs found by an outcome, "" by none. It costs one event, if it differs."""
    if not _has_any() or workflow.info().typed_search_attributes.get(_OUTCOME, "") == outcome:
        return
    workflow.upsert_search_attributes([_OUTCOME.value_set(outcome) if outcome else _OUTCOME.value_unset()])


def raise_outcome(outcome: Outcome) -> None:
    """The same, unless it is found by a worse one already."""
    if not outcome or not _has_any():
        return
    before = workflow.info().typed_search_attributes.get(_OUTCOME, "")
    show_outcome(names.worst(before, outcome))  # type: ignore[arg-type]


def _has_any() -> bool:
    found = workflow.info().typed_search_attributes
    return any(found.get(key) is not None for key in _KEYS.values())
