"""What lists of requests of staff and of users share."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response

from api.http.query_text import QueryText
from api.http.state import state_of
from api.resources.listing import below_id, listed
from store.reports import request_log
from store.reports.request_log import Entry, Filter

Status = Annotated[Literal["2xx", "3xx", "4xx", "5xx"] | None, Query(description="The class of the status.")]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] | None
Path = Annotated[QueryText | None, Query(max_length=300, description="What the path begins with.")]
KeyId = Annotated[QueryText | None, Query(max_length=100, description="Only with the key of this id.")]
RequestId = Annotated[QueryText | None, Query(max_length=100, description="As in the header `X-Request-Id`.")]


def first_digit(status: str | None) -> int | None:
    """Of a class of statuses."""
    return None if status is None else int(status[0])


async def list_requests_of(
    request: Request,
    wanted: Filter,
    limit: int,
    cursor: str | None,
    form: str | None,
    show: Callable[[Entry], dict[str, Any]],
) -> Response:
    """A page of the log of requests, newest first.

    Raises:
        InvalidError: as in ``listed``.
    """
    fetch = below_id(partial(request_log.page, state_of(request).reading, wanted))
    return await listed(request, limit, cursor, form, fetch, show)


def shown(entry: Entry) -> dict[str, Any]:
    """An entry, as a user is answered."""
    hidden = ("at", "account_id", "id")
    values = {name: value for name, value in asdict(entry).items() if name not in hidden}
    return {"id": entry.id, "occurred_at": entry.at, **values}
