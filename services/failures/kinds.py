"""What can have failed: messages, runs of automations, leads. And which filters are about which."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from domain.errors import InvalidError
from domain.leads.states import FAILED, GONE, INVALID
from services.messages.search import Search
from store.automations import runs
from store.leads import leads
from store.pool import Connections

Kind = Literal["message", "run", "lead"]
KINDS: tuple[Kind, ...] = get_args(Kind)

LEAD_STATES = (FAILED, GONE, INVALID)
"""Of leads that failed. Parked ones wait for their source, and go on by themselves once that is mended."""

_OF_MESSAGES = ("channel", "gateway", "recipient", "batch")
_OF_SENDS = ("automation", "step")
_NOT_OF: dict[Kind, tuple[str, ...]] = {
    "message": (),
    "run": (*_OF_MESSAGES, "states", "lead_source", "after", "before"),
    "lead": (*_OF_MESSAGES, *_OF_SENDS),
}
_NAMES = {"states": "state", "after": "created_after", "before": "created_before"}


@dataclass(frozen=True, slots=True)
class Within:
    """The time of failures, as it was given; ``None``: what is said where it is used."""

    after: datetime | None = None
    before: datetime | None = None


def kind_named(text: str) -> Kind:
    """The kind of this name.

    Raises:
        InvalidError: there is none.
    """
    for kind in KINDS:
        if kind == text:
            return kind
    raise InvalidError("kind_unknown", f"There is no kind {text!r}: use one of {', '.join(KINDS)}.", "/kind")


def states_of(search: Search) -> set[str]:
    """The states that are given, one by one."""
    return {word.strip() for text in search.states for word in text.split(",")}


def filters_without_meaning(kind: Kind, search: Search) -> list[str]:
    """Filters that are given, and that nothing of this kind has, by the names that people know."""
    return [_NAMES.get(name, name) for name in _NOT_OF[kind] if getattr(search, name)]


def check_filters(kind: Kind, search: Search) -> None:
    """Refuse filters that are not about this kind: left aside, they would widen what is meant.

    Raises:
        InvalidError: there is one.
    """
    for name in filters_without_meaning(kind, search):
        raise InvalidError("filter_of_kind", f"a {kind} is not found by {name}: leave it out", f"/filter/{name}")


async def kind_of(store: Connections, id_: UUID, account_id: int | None) -> Kind:
    """What has this id; a message, if nothing else of the account has it. ``None``: of any account."""
    if id_.version != 7:  # those of messages say more
        return "message"
    run = await runs.get(store, id_)
    if run is not None and account_id in (None, run.account_id):
        return "run"
    lead = await leads.of_id(store, id_)
    return "lead" if lead is not None and account_id in (None, lead.account_id) else "message"
