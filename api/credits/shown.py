"""Requests for credits, as they are answered."""

from typing import Any

from store.credits.requests import CreditRequest


def shown_request(request: CreditRequest) -> dict[str, Any]:
    """A request, as its user sees it."""
    return {
        "id": request.id,
        "channel": request.channel,
        "amount": request.amount,
        "note": request.note,
        "proof": {"type": request.proof_type, "bytes": request.proof_bytes} if request.proof_type else None,
        "state": request.state,
        "granted": request.granted,
        "reason": request.reason,
        "created_at": request.created_at,
        "decided_at": request.decided_at,
    }
