"""Telling a customer: one signed request (Standard Webhooks), and what its answer means."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

from gateways.answers import error_text, retry_after
from gateways.config.template import has_placeholder
from gateways.net.http import HttpClient, call
from gateways.net.http_answer import Answer
from gateways.net.web_address import WebAddress
from gateways.webhooks.standard_webhooks import sign

ANSWER_SECONDS = 15.0
"""How long a customer may take for the whole answer once there is a connection."""


_LONGEST_URL = 2000


def _plain(url: str) -> str:
    if has_placeholder(url):
        raise ValueError("must not have placeholders")
    if len(url) > _LONGEST_URL:
        raise ValueError(f"must have at most {_LONGEST_URL} characters")
    return url


CallbackUrl = Annotated[WebAddress, AfterValidator(_plain)]
"""A customer's callback address."""


@dataclass(frozen=True, slots=True)
class PostResult:
    """What came of a request. ``error`` is ``None`` if the customer took it."""

    status: int | None
    error: str | None = None
    after: float | None = None
    """Seconds for which the customer wants no other request."""
    is_gone: bool = False
    """The customer wants no more at all (410)."""


async def post(http: HttpClient, url: str, secrets: Sequence[str], message_id: str, body: bytes) -> PostResult:
    """Post a JSON body, signed with each of the secrets. Redirects are failures: they are never followed."""
    now = int(time.time())
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(sign(secret, message_id, now, body) for secret in secrets),
    }
    answer = await http.exchange(call("POST", url, headers, ANSWER_SECONDS), body)
    if not isinstance(answer, Answer):
        return PostResult(None, answer.reason)
    if 200 <= answer.status < 300:
        return PostResult(answer.status)
    after = retry_after(answer) if answer.status in (429, 503) else None
    return PostResult(answer.status, error_text(answer), after, is_gone=answer.status == 410)
