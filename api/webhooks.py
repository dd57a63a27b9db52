"""``/api/webhook/{channel}/{provider}``: what providers post. Verified as it came, started durably, then answered."""

import time
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response
from temporalio.service import RPCError

from api.body import read_body
from api.errors import ApiError, error_response
from api.openapi import PUBLIC
from api.state import AppState, state_of
from api.temporal_link import TemporalAway
from api.webhook_ends import End
from api.webhook_events import by_gateways
from domain.channels import Channel
from gateways.registry import webhook_at
from gateways.webhook import Post, Reply, UnreadablePost, Webhook
from runtime.receipts import start_receipts
from store.pool import AWAY

log = structlog.get_logger()
router = APIRouter(tags=["webhooks of providers"])

MAX_POST = 8 * 1024 * 1024
"""Bytes of one post. SendGrid, which posts the largest, stays below 1 MB."""


@router.api_route(
    "/api/webhook/{channel}/{provider}",
    methods=["GET", "POST"],
    summary="Where a provider posts receipts and messages from people",
    response_model=None,
    openapi_extra=PUBLIC,
    include_in_schema=False,
)
async def take(request: Request, channel: Channel, provider: str) -> Response:
    """For all gateways of a provider: the signature tells whose events they are."""
    return await _take(request, channel, provider, None)


@router.api_route(
    "/api/webhook/{channel}/{provider}/{gateway_id}",
    methods=["GET", "POST"],
    response_model=None,
    include_in_schema=False,
)
async def take_for(request: Request, channel: Channel, provider: str, gateway_id: UUID) -> Response:
    """For one gateway."""
    return await _take(request, channel, provider, gateway_id)


async def _take(request: Request, channel: Channel, provider: str, gateway_id: UUID | None) -> Response:
    state = state_of(request)
    found = webhook_at(channel, provider)
    if found is None:
        raise ApiError(404, "provider_unknown", f"no {channel} provider {provider!r} posts to a webhook")
    type_name, webhook = found
    body = await read_body(request, MAX_POST)
    post = Post(request.method, _public_url(state, request), dict(request.headers), body, time.time())
    try:
        ends = await _configured(state, channel, type_name, gateway_id)
        return await _answer_to(post, channel, ends, state)
    except (TemporalAway, RPCError, *AWAY) as error:
        log.warning("a provider has to post again", error=type(error).__name__)
        return _busy(webhook)


async def _answer_to(post: Post, channel: Channel, ends: Sequence[End], state: AppState) -> Response:
    replies = [reply for end in ends if (reply := await end.webhook.handshake(post)) is not None]
    if replies:
        return _answer(min(replies, key=lambda reply: reply.status))  # one of them may know what the others refuse
    verified = [end for end in ends if await end.webhook.verify(post)]
    if not verified:
        return _answer(ends[0].webhook.REFUSED)
    return await _accept(state, channel, verified, post)


async def _configured(state: AppState, channel: Channel, type_name: str, gateway_id: UUID | None) -> Sequence[End]:
    ends = await state.webhooks.find(channel, type_name, gateway_id)
    if not ends:
        raise ApiError(404, "gateway_not_found", f"there is no such {type_name} gateway")
    configured = [end for end in ends if end.webhook.is_configured]
    if not configured:
        advice = "set the secret or key of the webhook in the gateway's configuration"
        raise ApiError(403, "webhook_not_configured", f"this {type_name} gateway believes no posts yet: {advice}")
    return configured


async def _accept(state: AppState, channel: Channel, ends: Sequence[End], post: Post) -> Response:
    """Start a workflow for the events of each gateway; those that have the same ones share it."""
    webhook = ends[0].webhook
    try:
        by_events = by_gateways(ends, post)
    except UnreadablePost as error:
        return _refusal(webhook.UNREADABLE, str(error))
    told = urlsplit(post.url).query.encode() + b"\n" + post.body
    for events, gateways in by_events.items():
        await start_receipts(state.temporal, channel, gateways, events, told)
    return _answer(webhook.ACCEPTED)


def _public_url(state: AppState, request: Request) -> str:
    """The address that the provider posted to: behind a proxy only the configuration knows it."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    base = state.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return base.rstrip("/") + path


def _answer(reply: Reply) -> Response:
    return Response(reply.body, reply.status, dict(reply.headers), reply.content_type)


def _busy(webhook: type[Webhook]) -> Response:
    """Something is away: the provider shall post it again, and is told so in its own way."""
    return error_response(ApiError(webhook.BUSY, "unavailable", "not now: post it again", retry_after=5.0))


def _refusal(status: int, message: str) -> Response:
    return error_response(ApiError(status, "webhook", message))
