"""The answer to a send request: its messages, each with its uid."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from domain.messages.page_content import PageMessage
from domain.messages.statuses import State, contract_word


def accepted_answer(
    accepted: list[tuple[UUID, PageMessage]], warnings: Sequence[dict[str, Any]] = (), **more: Any
) -> bytes:
    """The answer to a send request: its messages in the order of its contacts."""
    plural = "s" if len(accepted) > 1 else ""
    warned = {"warnings": warnings} if warnings else {}
    return orjson.dumps(
        {
            "success": True,
            "message": f"{len(accepted)} message{plural} accepted",
            **more,
            **warned,
            "data": [_item(uid, message) for uid, message in accepted],
        }
    )


def _item(uid: UUID, message: PageMessage) -> dict[str, object]:
    state = State.SCHEDULED if message.due else State.QUEUED
    return {
        "uid": uid,
        "status": contract_word(state, receipts=False),
        "state": state,
        "to": message.to,
        "credits": message.price,
    }
