"""What lists of usage of staff and of users share."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from api.http.state import state_of
from api.resources.listing import listed, no_cursor
from domain.channels import Channel
from store.pool import Connections
from store.reports import usage
from store.reports.usage import Filter, Group, Usage

_TYPES: dict[Group, Callable[[str], Any]] = {
    "day": date.fromisoformat,
    "user": int,
    "channel": Channel,
    "gateway": UUID,
}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: object) -> object:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("day", "write a day as in 2026-11-28")
    return value


Day = Annotated[date, BeforeValidator(_day)]
"""A day; pydantic alone would also take a time, or seconds since 1970."""
First = Annotated[Day | None, Query(alias="from", description="The first day, in UTC; left out: 30 days up to `to`.")]
Last = Annotated[Day | None, Query(alias="to", description="The last day, in UTC; left out: today.")]


async def list_by(
    request: Request,
    wanted: Filter,
    groups: Sequence[Group],
    limit: int,
    cursor: str | None,
    form: str | None,
) -> Response:
    """A page of usage by these groups, in whatever order they were given.

    Raises:
        InvalidError: as in ``listed``.
    """
    ordered = [group for group in _TYPES if group in groups]
    fetch = partial(_fetch, state_of(request).reading, wanted, ordered)
    return await listed(request, limit, cursor, form, fetch, Usage.shown, _place)


async def _fetch(
    pool: Connections, wanted: Filter, groups: Sequence[Group], place: str | None, most: int
) -> list[Usage]:
    return await usage.page(pool, wanted, groups, None if place is None else _position(place, groups), most)


def _place(row: Usage) -> str:
    return " ".join(map(str, row.place))


def _position(place: str, groups: Sequence[Group]) -> list[Any]:
    try:
        found = [_TYPES[group](part) for group, part in zip(groups, place.split(" "), strict=True)]
    except ValueError:
        raise no_cursor() from None
    if any(isinstance(part, int) and not 0 <= part < 2**63 for part in found):
        raise no_cursor()
    return found
