"""Lists of a journal, for its user and for staff."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from api.http.state import state_of
from api.resources.listing import Show, listed, no_cursor
from store.accounts import journal
from store.accounts.journal import Entry


async def listed_journal(
    request: Request,
    account: int,
    wanted: journal.Filter,
    limit: int,
    cursor: str | None,
    form: str | None,
    show: Show,
) -> Response:
    """A page of an account's journal, or all of it as CSV."""
    pool = state_of(request).pool

    async def fetch(place: str | None, most: int) -> list[Entry]:
        return await journal.page(pool, account, wanted, None if place is None else _position(place), most)

    return await listed(request, limit, cursor, form, fetch, show, _place)


def shown_entry(entry: Entry) -> dict[str, Any]:
    """An entry, as its user sees it."""
    return {
        "occurred_at": entry.at,
        "channel": entry.channel,
        "kind": entry.kind,
        "amount": entry.amount,
        "uid": entry.uid,
        "reason": entry.note or "",
    }


def _place(entry: Entry) -> str:
    return f"{entry.at.isoformat()} {entry.uid} {entry.kind}"


def _position(place: str) -> journal.Place:
    try:
        at, uid, kind = place.split(" ")
        return datetime.fromisoformat(at), UUID(uid), kind
    except ValueError:
        raise no_cursor() from None
