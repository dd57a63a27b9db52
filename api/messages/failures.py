"""Failures by cause, for users and for staff."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response

from api.http.json_response import json_response
from api.http.query_text import Moment
from services.messages.search import Search, find_causes
from store.messages.search.failures import Cause
from store.pool import Connections

FailedAfter = Annotated[Moment | None, Query(description="Left out: 24 hours before `failed_before`.")]
FailedBefore = Annotated[Moment | None, Query(description="Left out: now.")]
Most = Annotated[int, Query(ge=1, le=1000)]


async def answer_causes(
    pool: Connections,
    search: Search,
    after: datetime | None,
    before: datetime | None,
    limit: int,
    show: Callable[[Cause], dict[str, Any]],
) -> Response:
    """The causes of failures in a time, as an answer."""
    found = await find_causes(pool, search, after, before, limit)
    rows = [show(cause) for cause in found.causes]
    return json_response({"data": rows, "next_cursor": None, "counted_since": found.counted_since})
