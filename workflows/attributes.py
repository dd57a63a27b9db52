"""Search attributes of workflows: set at the start where Temporal has them, the outcome only if it is a bad one.

Whether a run was started with any decides all the rest, and is in its first event: so histories of releases without
them replay, and a child is not refused where they could not be registered (``runtime/search_attributes.py``).
"""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

with workflow.unsafe.imports_passed_through():
    import domain.search_attributes as names
    from domain.search_attributes import Outcome

_KEYS = {name: SearchAttributeKey.for_keyword(name) for name in names.NAMES}
_OUTCOME = _KEYS[names.OUTCOME]


def attributes(
    *, channel: str = "", lane: str = "", account: int | None = None, accounts: Sequence[int] = ()
) -> TypedSearchAttributes:
    """What a workflow is started with. ``accounts``: of each message of a page, if several accounts share it."""
    shared = len(set(accounts)) > 1
    values = {
        names.CHANNEL: channel,
        names.LANE: lane,
        names.ACCOUNT: names.SHARED if shared else "" if account is None else str(account),
    }
    return TypedSearchAttributes([SearchAttributePair(_KEYS[name], value) for name, value in values.items() if value])


def child_attributes(*, channel: str, lane: str, account: int) -> TypedSearchAttributes | None:
    """The same for a child of the workflow that runs; ``None`` if this was started without."""
    return attributes(channel=channel, lane=lane, account=account) if _has_any() else None


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
    return any(key in found for key in _KEYS.values())
