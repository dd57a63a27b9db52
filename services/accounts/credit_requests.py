"""Rules for credits that users ask for."""

from base64 import b64decode
from binascii import Error as NotBase64
from uuid import UUID, uuid5

from domain.errors import ConflictError, InvalidError
from services.accounts.users import find_account
from services.changes import Change
from store.accounts import credits
from store.credits import requests as credit_requests
from store.credits.requests import CreditRequest, Proof
from store.pool import Connections

LARGEST_PROOF = 1024 * 1024
"""Bytes."""
EXTENSIONS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}
"""Of the kinds of files that a proof can be."""

_BEGINNINGS = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_GRANTS = UUID("5c1a7d0e-2f34-5b6c-9d2a-7e8f90a1b2c3")


def checked_proof(text: str) -> Proof:
    """A proof, as it stands in JSON: base64 of a PDF, PNG or JPEG file. What it is, its first bytes say.

    Raises:
        InvalidError: it is none, or too large.
    """
    if len(text) // 4 * 3 - 2 > LARGEST_PROOF:
        raise InvalidError("proof_too_large", f"a proof has at most {LARGEST_PROOF} bytes", "/proof")
    try:
        content = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise InvalidError("not_base64", "give the file as base64", "/proof") from None
    for beginning, media_type in _BEGINNINGS.items():
        if content.startswith(beginning):
            return Proof(content, media_type)
    raise InvalidError("proof_type", "a proof is a PDF, PNG or JPEG file", "/proof")


async def ask(
    pool: Connections, account_id: int, key: UUID, channel: str, amount: int, note: str, proof: str | None
) -> CreditRequest:
    """Ask for credits, once per ``key``.

    Raises:
        InvalidError: the amount, or the proof, cannot be one.
        ConflictError: too many requests of the account wait.
    """
    credits.check_amount(amount)
    return await credit_requests.add(
        pool, account_id, key, channel, amount, note, None if proof is None else checked_proof(proof)
    )


async def approve(change: Change, request_id: int, amount: int | None, reason: str) -> CreditRequest:
    """Grant what a request asks for, or another amount: once, with its decision.

    Raises:
        NotFoundError: there is no such request, or its account is deleted.
        ConflictError: it was decided.
        InvalidError: the amount cannot be one.
    """
    change.about("credit_request", request_id)
    await find_account(change, (await credit_requests.get(change.store, request_id)).account_id)
    request = await _pending(change, request_id)
    granted = request.amount if amount is None else amount
    note = f"request {request_id}: {reason}" if reason else f"request {request_id}"
    change.reason = reason
    change.metadata |= {"channel": request.channel, "amount": granted}
    change.may_need_approval("top_up", granted)
    entry = uuid5(_GRANTS, str(request_id))
    await credits.top_up(change.store, request.account_id, request.channel, granted, note, entry)
    return await credit_requests.decide(change.store, request_id, granted, reason, change.actor.named)


async def reject(change: Change, request_id: int, reason: str) -> CreditRequest:
    """Refuse a request; its account sees the reason.

    Raises:
        NotFoundError: there is no such request.
        ConflictError: it was decided.
    """
    change.about("user", (await _pending(change, request_id)).account_id)
    change.reason = reason
    return await credit_requests.decide(change.store, request_id, None, reason, change.actor.named)


async def _pending(change: Change, request_id: int) -> CreditRequest:
    request = await credit_requests.get(change.store, request_id, lock=True)
    change.about("credit_request", request.id)
    if request.state != "pending":
        raise ConflictError("request_decided", f"The request {request_id} is {request.state}.")
    return request
