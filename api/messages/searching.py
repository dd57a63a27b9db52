"""Lists of messages, for users and for staff: their filters, and how a message in them is shown."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query

from api.http.query_text import Moment, QueryText
from api.messages.routes import accepted_at, sender
from api.resources.listing import Fetch, Partial, no_cursor
from domain.channels import Channel
from domain.messages.statuses import State, contract_word
from services.messages.search import Search
from store.messages.search import walks
from store.messages.search.filters import Filter
from store.messages.search.walks import Listed
from store.pool import Connections

User = Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Of this user; 0: sent with an admin key.")]

_GATEWAY = "Id or identifier of the gateway that they were given to last."


def _filters(
    channel: Channel | None = None,
    state: Annotated[
        list[QueryText], Query(max_length=20, description="One or more, separated by commas: `failed,expired`.")
    ] = [],
    gateway: Annotated[QueryText | None, Query(max_length=200, description=_GATEWAY)] = None,
    code: Annotated[
        QueryText | None, Query(max_length=200, description="Why they failed; without `state` only failures have one.")
    ] = None,
    automation: Annotated[
        QueryText | None, Query(max_length=100, description="Key of the automation that sent them.")
    ] = None,
    step: Annotated[QueryText | None, Query(max_length=100, description="Id of the step that sent them.")] = None,
    lead_source: Annotated[
        QueryText | None, Query(max_length=100, description="Key of the source of the leads that they answer.")
    ] = None,
) -> Search:
    return Search(
        states=state,
        gateway=gateway,
        code=code,
        channel=channel,
        automation=automation,
        step=step,
        lead_source=lead_source,
    )


def _search(
    given: Annotated[Search, Depends(_filters)],
    uid: UUID | None = None,
    recipient: Annotated[QueryText | None, Query(max_length=320, description="A number, or an address.")] = None,
    batch: Annotated[UUID | None, Query(description="Uid of a batch.")] = None,
    created_after: Annotated[Moment | None, Query(description="Accepted then or later.")] = None,
    created_before: Annotated[Moment | None, Query(description="Accepted earlier.")] = None,
) -> Search:
    return replace(given, uid=uid, recipient=recipient, batch=batch, after=created_after, before=created_before)


OfMessages = Annotated[Search, Depends(_search)]
"""The filters of lists of messages."""
OfFailures = Annotated[Search, Depends(_filters)]
"""The filters of failures by cause."""


def fetching(pool: Connections, wanted: Filter) -> Fetch:
    """Reads a list of messages."""
    return partial(_fetch, pool, wanted)


async def _fetch(pool: Connections, wanted: Filter, place: str | None, most: int) -> Sequence[Listed]:
    found = await walks.page(pool, wanted, None if place is None else _uid(place), most)
    return found.messages if found.stopped is None else Partial(found.messages, str(found.stopped))


def _uid(place: str) -> UUID:
    try:
        return UUID(place)
    except ValueError:
        raise no_cursor() from None


def place_of(message: Listed) -> str:
    """Where a message stands in a list."""
    return str(message.uid)


def shown(message: Listed) -> dict[str, Any]:
    """A message in a list."""
    return {
        "uid": message.uid,
        "channel": message.channel,
        "status": contract_word(State(message.state), message.receipts),
        "state": message.state,
        **sender(message.account_id),
        "test": message.test,
        "purpose": message.purpose,
        "to": message.recipient,
        "gateway": message.gateway,
        "provider_id": message.provider_id,
        "code": message.code,
        "reason": message.reason,
        "credit": {"amount": message.price, "state": message.credit},
        "batch": message.batch,
        "schedule_at": message.schedule_at,
        "created_at": accepted_at(message.uid),
        "updated_at": message.updated_at,
    }
