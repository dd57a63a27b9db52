"""Lists of the admin API: cursors that carry their filters, and the same rows as CSV."""

import base64
import csv
import hashlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse

from api.http.json_response import json_response
from domain.audience.imports.csv_cells import neutral
from domain.errors import InvalidError

_LARGEST = 2**63 - 1

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")]
Format = Annotated[
    Literal["json", "csv", "ndjson"] | None,
    Query(description="`csv`, `ndjson`: all rows, as a file. `Accept: text/csv` does the same."),
]

Fetch = Callable[[str | None, int], Awaitable[Sequence[Any]]]
"""Rows after a place (``None``: from the first), at most so many. Fewer are the last, if not ``Partial``."""
Show = Callable[[Any], dict[str, Any]]
Place = Callable[[Any], str]


class Partial(list[Any]):
    """Rows of a read that is bounded: there may be more of them after the place where it stopped."""

    def __init__(self, rows: Sequence[Any], stopped: str) -> None:
        super().__init__(rows)
        self.stopped = stopped


_BATCH = 500


def below_id(page: Callable[[int, int], Awaitable[Sequence[Any]]]) -> Fetch:
    """The ``Fetch`` of rows that are ordered by their ids, the newest first; ``page`` gets those with smaller ids."""

    async def fetch(place: str | None, most: int) -> Sequence[Any]:
        return await page(_LARGEST if place is None else _number(place), most)

    return fetch


def beyond_id(page: Callable[[UUID | None, int], Awaitable[Sequence[Any]]]) -> Fetch:
    """The same for rows whose ids are UUIDs, in whatever order ``page`` has them; ``None``: from the first."""

    async def fetch(place: str | None, most: int) -> Sequence[Any]:
        return await page(None if place is None else _uuid(place), most)

    return fetch


def below(page: Callable[[int | None, int], Awaitable[Sequence[Any]]]) -> Fetch:
    """The same for rows that have numbers of another name; ``None``: from the first."""

    async def fetch(place: str | None, most: int) -> Sequence[Any]:
        return await page(None if place is None else _number(place), most)

    return fetch


def _number(place: str) -> int:
    if not place.isdecimal() or int(place) > _LARGEST:
        raise no_cursor()
    return int(place)


def _uuid(place: str) -> UUID:
    try:
        return UUID(place)
    except ValueError:
        raise no_cursor() from None


def _id(row: Any) -> str:
    return str(row.id)


async def listed(
    request: Request,
    limit: int,
    cursor: str | None,
    form: str | None,
    fetch: Fetch,
    show: Show,
    place: Place = _id,
) -> Response:
    """A page of rows, or all of them as CSV or as lines of JSON. ``place`` is where a row stands in their order.

    Raises:
        InvalidError: the cursor is none of ours, or belongs to other filters.
    """
    filters = _filters(request)
    after = None if cursor is None else _place_in(cursor, filters)
    if form == "ndjson":
        return StreamingResponse(_json_lines(fetch, show, place, after), media_type="application/x-ndjson")
    if form == "csv" or (form is None and "text/csv" in request.headers.get("accept", "")):
        return _csv(fetch, show, place, after)
    rows = await fetch(after, limit + 1)
    following = place(rows[limit - 1]) if len(rows) > limit else _stopped(rows)
    next_cursor = None if following is None else _cursor(following, filters)
    return json_response({"data": [show(row) for row in rows[:limit]], "next_cursor": next_cursor})


def _stopped(rows: Sequence[Any]) -> str | None:
    return rows.stopped if isinstance(rows, Partial) else None


def _filters(request: Request) -> str:
    chosen = sorted(
        (name, value) for name, value in request.query_params.multi_items() if name not in ("cursor", "limit", "format")
    )
    return hashlib.sha256(orjson.dumps(chosen)).hexdigest()[:16]


def _cursor(place: str, filters: str) -> str:
    return base64.urlsafe_b64encode(f"{filters}.{place}".encode()).decode().rstrip("=")


def _place_in(cursor: str, filters: str) -> str:
    try:
        of_filters, _, place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(".")
    except ValueError:
        raise no_cursor() from None
    if not place:
        raise no_cursor()
    if of_filters != filters:
        raise InvalidError("cursor_filters", "this cursor belongs to other filters: begin without one", "/cursor")
    return place


def place_in_time(at: datetime, *keys: object) -> str:
    """The place of a row in a list that is ordered by a time, and by keys among those of the same time."""
    return orjson.dumps([at.isoformat(), *map(str, keys)]).decode()


def read_place(place: str | None, *kinds: Callable[[str], Any]) -> tuple[Any, ...] | None:
    """What ``place_in_time`` wrote; ``kinds`` read the keys. ``None``: the first place.

    Raises:
        InvalidError: it is none.
    """
    if place is None:
        return None
    try:
        at, *keys = orjson.loads(place)
        return (datetime.fromisoformat(at), *(kind(key) for kind, key in zip(kinds, keys, strict=True)))
    except (ValueError, TypeError):
        raise no_cursor() from None


def no_cursor() -> InvalidError:
    """422: what was given as a cursor is none."""
    return InvalidError("cursor", "this is no next_cursor of ours: begin without one", "/cursor")


def _csv(fetch: Fetch, show: Show, place: Place, after: str | None) -> Response:
    headers = {"Content-Disposition": 'attachment; filename="list.csv"'}
    return StreamingResponse(_lines(fetch, show, place, after), media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(fetch: Fetch, show: Show, place: Place, after: str | None) -> AsyncIterator[str]:
    is_first = True
    while True:
        rows = await fetch(after, _BATCH)
        if rows:
            shown = [show(row) for row in rows]
            head = [list(shown[0])] if is_first else []
            yield _written(head, [[_cell(value) for value in row.values()] for row in shown])
            is_first = False
        following = _stopped(rows) or (place(rows[-1]) if rows else None)
        if following is None:
            break
        after = following


async def _json_lines(fetch: Fetch, show: Show, place: Place, after: str | None) -> AsyncIterator[bytes]:
    while rows := await fetch(after, _BATCH):
        yield b"".join(orjson.dumps(show(row), option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE) for row in rows)
        after = place(rows[-1])


def _cell(value: Any) -> str:
    """Text that a spreadsheet does not compute as a formula; objects and lists are JSON."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode().strip('"')
    return neutral(value)


def _written(*parts: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    for rows in parts:
        csv.writer(out).writerows(rows)
    return out.getvalue()
