"""Having messages that failed be sent again under their uids: what it costs, and the operation that does it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from services.changes import Change
from services.messages.replays.rules import replayed_states
from services.messages.search import Search, failed_within, found_by
from store.messages.replays import finding
from store.messages.replays.finding import Count, Failed
from store.operations import operations
from store.operations.operations import Operation

REPLAY = "messages.replay"
"""The operation that does it."""

_FAILED = TypeAdapter(Failed)


@dataclass(frozen=True, slots=True)
class Begun:
    """Messages that are sent again, or would be."""

    counts: Sequence[Count]
    """Of those that match: what they cost, and how many are left out, and why."""
    is_complete: bool
    """Whether all were counted; if not, the newest ``MOST_COUNTED`` failures were looked through."""
    operation: Operation | None
    """``None``: there is nothing to do, or it was a dry run."""

    @property
    def messages(self) -> int:
        """How many are sent again."""
        return sum(one.messages for one in self.counts if one.left_out is None)

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many are not, by the code of the reason."""
        found: Counter[str] = Counter()
        for one in self.counts:
            if one.left_out is not None:
                found[one.left_out] += one.messages
        return found


async def begin(
    change: Change,
    search: Search,
    after: datetime | None,
    before: datetime | None,
    owner_id: int | None = None,
    *,
    is_dry: bool,
) -> Begun:
    """Have all failures that match be sent again; of the last day if no time is given, as ``find_causes`` has it.

    Of states those that were never sent, unless others are named, or one message. ``owner_id``: whose key asks for it.

    Raises:
        InvalidError: there is no such state, or messages in it cannot be sent again.
    """
    wanted = await found_by(change.store, search)
    since, until = failed_within(after, before)
    states = replayed_states(list(wanted.states), of_one=wanted.uid is not None)
    failed = Failed(replace(wanted, states=states), until, after if wanted.uid is not None else since)
    counts, is_complete = await finding.count(change.store, failed)
    begun = Begun(counts, is_complete, None)
    if wanted.account_id is not None:
        change.about("user", wanted.account_id)
    if wanted.uid is not None:
        change.about("message", wanted.uid)
    change.metadata |= {"messages": begun.messages, "filter": _without_recipient(failed)}
    if is_dry or not (begun.messages or not is_complete):
        return begun
    given = {"failed": _FAILED.dump_python(failed, mode="json")}
    operation = await operations.add(change.store, REPLAY, change.actor, given, wanted.account_id or None, owner_id)
    change.about("operation", operation.id, REPLAY)
    return replace(begun, operation=operation)


def failed_of(given: Mapping[str, Any]) -> Failed:
    """Which failures an operation is about, as it is stored."""
    return _FAILED.validate_python(given["failed"])


def _without_recipient(failed: Failed) -> dict[str, Any]:
    """The filter for the audit log."""
    chosen: dict[str, Any] = _FAILED.dump_python(failed, mode="json", exclude={"filter": {"recipient"}})
    filter_ = {name: value for name, value in chosen.pop("filter").items() if value is not None and value is not False}
    return filter_ | {f"failed_{name}": value for name, value in chosen.items() if value is not None}
