"""What the OpenAPI document says of providers' webhooks: who posts, what is read, and every answer."""

from typing import Any

from api.reference.openapi import ERROR_ANSWER, PUBLIC
from domain.channels import Channel
from gateways.registry import GATEWAY_TYPES

_ERROR_SCHEMA = ERROR_ANSWER["application/json"]["schema"]
_TAKEN = {
    "type": "object",
    "required": ["success"],
    "properties": {"success": {"type": "boolean"}},
    "examples": [{"success": True}],
}
_SHORT_REFUSAL = {
    "type": "object",
    "required": ["success", "message"],
    "additionalProperties": False,
    "properties": {"success": {"const": False}, "message": {"type": "string"}},
}
REFUSED_ANSWER = {"application/json": {"schema": {"anyOf": [_SHORT_REFUSAL, _ERROR_SCHEMA]}}}
"""``content`` of refusals, some of which are in the form that providers expect."""
_EMPTY_XML = {"type": "string", "examples": ["<Response/>"]}
"""For Twilio and Plivo: nobody is to be answered by it."""

_BODY: dict[str, Any] = {
    "description": "As the provider writes it, unchanged: signatures cover the raw bytes.",
    "required": False,  # some providers post with all fields in the address
    "content": {
        "application/json": {"schema": {"description": "One event, or a list of them."}},
        "application/x-www-form-urlencoded": {
            "schema": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "text/plain": {"schema": {"type": "string", "description": "JSON, as Amazon SNS labels it."}},
    },
}
_BUSY = "Not now: post it again. Too much is posted at once, it came too slowly, or PostgreSQL or Temporal is down."
_REFUSALS = {
    400: "Verified, but not what this provider posts; or not HTTP.",
    404: "No provider of that name posts on this channel (`provider_unknown`), or there is no such gateway of it "
    "(`gateway_not_found`, `gateway_id_not_found`), or no such channel (`http_404`).",
    406: "As 400, for Mailgun: it does not repeat the post then. Postmark gets 403, Brevo 200.",
    408: "The header came too slowly.",
    413: "Longer than anything that this provider posts (`too_large`).",
    414: "The address is too long.",
    429: "As 503, for Brevo.",
    431: "Too many or too long headers.",
}

EVENTS = """The provider calls this once its webhook is set to this address. Receipts move messages on, give credits
back and are passed on as callbacks; messages from people are listed at `GET /api/inbound`.

**Authentication**: no key. A post is accepted if the provider's signature fits a gateway of that type or, for providers
that sign nothing, if it carries the secret of a gateway's configuration: as Bearer token, as password of Basic
authorization, or as `?secret=`. Receipts are for every gateway that the post fits; what somebody wrote is for the one
whose number it was sent to.

**Limits**: the largest body depends on the provider (see `provider`). Posts of 32 MiB are read at a time, half of that
from one address. A post may take 3 s and 1 s for every 32 KiB, at most 20 s.

200 is answered once the events are safe in Temporal. The same post again changes nothing."""
EVENTS_OF_ONE = """As `receiveProviderWebhook`, for one gateway: a post is verified once. Needed beyond 200 gateways of
a provider."""
BY_QUERY = """For providers that report by `GET`, with all fields in the query, such as Vonage, Plivo and MessageBird;
and for Meta, which checks the address with the configured verify token and gets its challenge back. Authentication,
limits and answers are those of `receiveProviderWebhook`."""
BY_QUERY_OF_ONE = "As `receiveProviderWebhookByQuery`, for one gateway."


def providers() -> str:
    """The providers that have a webhook, by channel, with the largest body of each."""
    lines = ["The gateway's type. In brackets: the largest body."]
    for channel in Channel:
        named = [
            f"`{name}` ({_size(entry.webhook.MOST_BYTES)})"
            for entry in GATEWAY_TYPES.values()
            if entry.webhook and channel in entry.channels
            for name in (*entry.aliases, entry.name)
        ]
        lines.append(f"{channel}: {', '.join(sorted(named))}.")
    return "\n\n".join(lines)


def documented(*, reads_body: bool) -> dict[str, Any]:
    """``responses`` and ``openapi_extra`` of a route that takes posts of providers."""
    taken: dict[str, Any] = {
        "application/json": {"schema": _TAKEN},
        "text/xml": {"schema": _EMPTY_XML},
    }
    if not reads_body:
        taken["text/plain"] = {"schema": {"type": "string", "description": "Meta's challenge."}}
    responses: dict[int, dict[str, Any]] = {
        200: {"description": "Taken: the events are safe. The body is what the provider expects.", "content": taken},
        403: {
            "description": "The signature or secret does not fit, or the gateway's configuration has none yet "
            "(`webhook_not_configured`): nothing was accepted.",
            "content": REFUSED_ANSWER,
        },
        503: {"description": _BUSY, "content": REFUSED_ANSWER},
        **{status: {"description": text, "content": ERROR_ANSWER} for status, text in _REFUSALS.items()},
    }
    return {
        "response_model": None,
        "responses": dict(sorted(responses.items())),
        "openapi_extra": PUBLIC | ({"requestBody": _BODY} if reads_body else {}),
    }


def _size(count: int) -> str:
    return f"{count // 1024**2} MiB" if count >= 1024**2 else f"{count // 1024} KiB"
