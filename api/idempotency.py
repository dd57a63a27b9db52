"""``Idempotency-Key``: the same key and body get the same answer, byte for byte, and the work is done once."""

import hashlib
from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import Request, Response

from api.errors import ApiError
from api.state import state_of
from domain.ids import new_page_id
from store import idempotency

HEADER = "Idempotency-Key"
_MAX_LENGTH = 255
_LEASE = 30.0
"""Seconds after which a claim counts as abandoned: longer than the work may take."""


async def once(request: Request, account_id: int, raw: bytes, work: Callable[[UUID], Awaitable[bytes]]) -> Response:
    """Do ``work`` once per key and answer with what it returned the first time.

    ``work`` gets the id to build on. A repeat after a crash gets the first try's id, so that it finishes that one's
    work instead of doing it again. Without the header the work is simply done.

    Raises:
        ApiError: 409 the first request is still at work; 422 the key was used for another body.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return _json(await work(new_page_id()))
    if not 1 <= len(key) <= _MAX_LENGTH or not key.isprintable():
        raise ApiError(422, "idempotency_key", f"an {HEADER} has 1 to {_MAX_LENGTH} printable characters")
    pool = state_of(request).pool
    place = (account_id, request.url.path, key)
    digest = hashlib.sha256(raw + b"?" + request.url.query.encode()).digest()
    claim = await idempotency.claim(pool, *place, digest, new_page_id(), _LEASE)
    if claim.body_hash != digest:
        raise ApiError(422, "idempotency_mismatch", f"this {HEADER} was used for another request: take a new one")
    if claim.response is not None:
        return _json(claim.response, replayed=True)
    if not claim.mine:
        raise ApiError(409, "idempotency_in_flight", "the first request with this key is still at work", retry_after=1)
    try:
        answer = await work(claim.page_id)
    except ApiError:
        await idempotency.release(pool, *place)  # refused before anything was done
        raise
    await idempotency.finish(pool, *place, 200, answer)
    return _json(answer)


def _json(body: bytes, *, replayed: bool = False) -> Response:
    headers = {"Idempotent-Replayed": "true"} if replayed else None
    return Response(body, media_type="application/json", headers=headers)
