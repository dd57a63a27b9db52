"""``Idempotency-Key``: the same key and body get the same answer, byte for byte, and the work is done once."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request, Response

from api.http.errors import ApiError, OutcomeUnknownError
from api.http.state import state_of
from domain.errors import InvalidError
from domain.keyring import Keyring
from store import idempotency

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")
"""1 to 255 printable ASCII characters, no space at either end."""
_SOON_HASHED = 1024 * 1024
"""Bytes that are hashed in a few milliseconds."""
_LEASE = 30.0
"""Seconds after which a claim counts as abandoned: longer than the work may take."""


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """The claim under which the work of a request is done once."""

    id: UUID
    is_new: bool
    """Whether the id is new. Otherwise the work may have been done already: it must be finished, not
    refused."""
    scope: idempotency.KeyScope | None = None
    """The scope of the key; ``None``: the request has none."""
    prepared: bytes | None = None
    """The answer that an earlier try prepared, and may not have returned."""


_Work = Callable[[KeyClaim], Awaitable[bytes]]


async def once(
    request: Request,
    account_id: int,
    raw: bytes,
    minted: UUID,
    work: _Work,
    keyring: Keyring | None = None,
    *,
    work_stores: bool = False,
    apart: str = "",
) -> Response:
    """Do ``work`` once per key and answer with what it returned the first time.

    It uses the id ``minted``, or, when it repeats an interrupted try, that one's. Without the header it is
    simply done. With a ``keyring`` the answer is stored sealed, because it contains a secret. ``work_stores``: the work
    stores its answer itself, in its own transaction. ``apart``: the same key with another word here is another one.

    Raises:
        ApiError: 409 the first request is still in progress; 422 the key was used for another body.
    """
    key = key_in(request)
    if key is None:
        return _json(await work(KeyClaim(minted, is_new=True)))
    pool = state_of(request).pool
    scope = (account_id, apart + request.url.path, key)
    subject = f"{request.method}?{request.url.query}\n".encode()
    is_large = len(raw) > _SOON_HASHED
    digest = await asyncio.to_thread(_digest, subject, raw) if is_large else _digest(subject, raw)
    claim = await idempotency.claim(pool, *scope, digest, minted, _LEASE)
    if claim.body_hash != digest:
        raise ApiError(422, "idempotency_mismatch", f"this {HEADER} was used for another request: take a new one")
    if claim.response is not None and claim.status is not None:
        kept = keyring.decrypt(claim.response, _aad(scope)) if keyring else claim.response
        return _json(kept, claim.status, replayed=True)
    if not claim.mine:
        raise ApiError(
            409, "idempotency_in_flight", "the first request with this key is still in progress", retry_after=1
        )
    claimed = KeyClaim(claim.page_id, claim.page_id == minted, scope, claim.response)
    try:
        answer = await work(claimed)
    except Exception as error:
        refused = isinstance(error, ApiError | InvalidError) and not isinstance(error, OutcomeUnknownError)
        if claimed.is_new and refused:  # before anything was done
            await idempotency.release(pool, *scope, claim.locked_until)
        else:  # whether it was done is not known: the next try checks, under the same id
            await idempotency.hand_over(pool, *scope, claim.locked_until)
        raise
    if not work_stores:
        await idempotency.finish(pool, *scope, 200, seal(keyring, answer, scope) if keyring else answer)
    return _json(answer)


def key_in(request: Request) -> str | None:
    """The key of a request, if it has one.

    Raises:
        ApiError: 422 it cannot be one.
    """
    key = request.headers.get(HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise ApiError(422, "idempotency_key", f"an {HEADER} has 1 to 255 printable ASCII characters")
    return key


def seal(keyring: Keyring, answer: bytes, scope: idempotency.KeyScope) -> bytes:
    """An answer with a secret, as it is kept."""
    return keyring.encrypt(answer, _aad(scope))


def _aad(scope: idempotency.KeyScope) -> bytes:
    return "|".join(("idempotency_keys", "response", *map(str, scope))).encode()


def _digest(subject: bytes, raw: bytes) -> bytes:
    digest = hashlib.sha256(subject)
    digest.update(raw)
    return digest.digest()


def _json(body: bytes, status: int = 200, *, replayed: bool = False) -> Response:
    headers = {"Idempotent-Replayed": "true"} if replayed else None
    return Response(body, status, media_type="application/json", headers=headers)
