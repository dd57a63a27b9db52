"""Failures by cause, for users and for staff."""

from collections.abc import Callable, Collection
from typing import Annotated, Any

from fastapi import Query, Response

from api.http.json_response import json_response
from api.http.query_text import Moment
from services.failures.causes import FailureCause, find_causes
from services.failures.finding import Failure
from services.failures.kinds import KINDS, Kind, Within
from services.messages.search import Search
from store.pool import Connections

FailedAfter = Annotated[Moment | None, Query(description="Left out: 24 hours before `failed_before`.")]
FailedBefore = Annotated[Moment | None, Query(description="Left out: now.")]
Most = Annotated[int, Query(ge=1, le=1000)]
OfKind = Annotated[Kind | None, Query(alias="kind", description="Only these; left out: all that the key may see.")]


async def answer_causes(
    pool: Connections,
    search: Search,
    within: Within,
    limit: int,
    show: Callable[[FailureCause], dict[str, Any]],
    kinds: Collection[Kind] = KINDS,
) -> Response:
    """The causes of failures in a time, as an answer."""
    found = await find_causes(pool, search, within, limit, kinds)
    rows = [show(cause) for cause in found.causes]
    return json_response({"data": rows, "next_cursor": None, "counted_since": found.counted_since})


def shown_cause(found: FailureCause) -> dict[str, Any]:
    """Failures with one cause."""
    return {
        "kind": found.kind,
        "user_id": found.user_id,
        "channel": found.channel,
        "gateway": found.gateway,
        "gateway_id": found.gateway_id,
        "code": found.code,
        "state": found.state,
        "automation": found.automation,
        "automation_name": found.automation_name,
        "step": found.step,
        "lead_source": found.lead_source,
        "lead_source_name": found.lead_source_name,
        "reason": found.reason,
        "count": found.count,
        "first_at": found.first_at,
        "last_at": found.last_at,
        "sample_uid": found.sample,
    }


def shown_failure(found: Failure) -> dict[str, Any]:
    """One failure."""
    return {
        "kind": found.kind,
        "uid": found.uid,
        "user_id": found.account_id or None,
        "state": found.state,
        "code": found.code,
        "reason": found.reason,
        "channel": found.channel,
        "gateway": found.gateway,
        "automation": found.automation,
        "step": found.step,
        "lead_source": found.lead_source,
        "at": found.at,
    }
