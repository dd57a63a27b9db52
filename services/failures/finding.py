"""One message, run or lead by its id, in the words of the list of failures."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import NotFoundError
from services.failures.kinds import Kind, kind_of
from services.messages.search import Search, listed
from store.automations import automations, runs
from store.failures import origins
from store.leads import leads, sources
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Failure:
    """One of them; it may have gone on since it failed."""

    kind: Kind
    uid: UUID
    account_id: int
    state: str
    code: str | None
    reason: str | None
    channel: str | None
    gateway: str | None
    automation: str | None
    step: str | None
    lead_source: str | None
    at: datetime
    """When it came to this state; of what goes on when it began."""
    recipient: str | None = None
    """Of a message."""


async def find(store: Connections, search: Search, kinds: Collection[Kind]) -> Failure:
    """What has the uid of the search, if it is one of these kinds and may be seen.

    Raises:
        NotFoundError: there is none.
    """
    assert search.uid is not None
    kind = await kind_of(store, search.uid, search.user)
    found = None
    if kind in kinds:
        found = await {"message": _message, "run": _run, "lead": _lead}[kind](store, search, search.uid)
    if found is None:
        raise NotFoundError("failure_not_found", "there is no message, run or lead with this id")
    return found


async def _message(store: Connections, search: Search, uid: UUID) -> Failure | None:
    found = await listed(store, search, 1)
    if not found:
        return None
    (one,) = found
    where = await origins.of_message(store, uid)
    what = one.state, one.code, one.reason, one.channel, one.gateway
    return Failure("message", uid, one.account_id, *what, *where, one.updated_at, one.recipient)


async def _run(store: Connections, _: Search, id_: UUID) -> Failure | None:
    run = await runs.get(store, id_)
    automation = None if run is None else await automations.of_id(store, run.automation_id)
    if run is None or automation is None:
        return None
    reason = (run.error or {}).get("message")
    where = None, None, automation.key, run.step, None
    return Failure("run", id_, run.account_id, run.state, run.reason, reason, *where, run.ended_at or run.entered_at)


async def _lead(store: Connections, _: Search, id_: UUID) -> Failure | None:
    lead = await leads.of_id(store, id_)
    source = None if lead is None else await sources.of_id(store, lead.source_id)
    if lead is None or source is None:
        return None
    where = None, None, None, None, source.key
    return Failure(
        "lead", id_, lead.account_id, lead.state, lead.code, lead.why, *where, lead.ended_at or lead.received_at
    )
