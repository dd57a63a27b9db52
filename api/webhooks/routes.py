"""``/api/webhook/{channel}/{provider}``: posts of providers. Verified as raw bytes, started durably, then answered."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from fastapi import APIRouter, Path, Request, Response
from starlette.convertors import StringConvertor, register_url_convertor
from temporalio.service import RPCError

from api.http.errors import ApiError, error_response
from api.http.state import AppState, state_of
from api.http.temporal_link import TemporalUnavailable
from api.webhooks.documented import BY_QUERY, BY_QUERY_OF_ONE, EVENTS, EVENTS_OF_ONE, documented, providers
from api.webhooks.events import by_gateways
from api.webhooks.heads import answer_reply, head_of
from api.webhooks.memory import WebhookBusy, WebhookMemory, read_post
from api.webhooks.receivers import WebhookReceiver, WebhookReceivers
from api.webhooks.shared_starts import SharedStarts
from domain.channels import Channel
from gateways.background import QUICK, in_background
from gateways.registry import webhook_at
from gateways.webhooks.webhook import Post, Reply, UnreadablePost, Webhook
from services.receipts import parts_of, start_receipts
from services.settings.current import CurrentSettings
from store.pool import DB_UNAVAILABLE
from store.whatsapp import numbers, templates

log = structlog.get_logger()


class _Channels(StringConvertor):
    """Other webhooks have addresses of the same form: theirs begin with no channel."""

    regex = "|".join(Channel)


register_url_convertor("channel", _Channels())
router = APIRouter(tags=["provider webhooks"])

_Provider = Annotated[str, Path(description=providers(), examples=["sendgrid"])]
_OF_ALL = "/api/webhook/{channel:channel}/{provider}"
_OF_ONE = "/api/webhook/{channel:channel}/{provider}/{gateway_id}"


@router.post(_OF_ALL, summary="Receive a provider's events", description=EVENTS, **documented(reads_body=True))
async def receive_provider_webhook(request: Request, channel: Channel, provider: _Provider) -> Response:
    """For all gateways of a provider: the signature identifies them."""
    return await _take(request, channel, provider, None)


@router.get(
    _OF_ALL, summary="Take a provider's events from the query", description=BY_QUERY, **documented(reads_body=False)
)
async def receive_provider_webhook_by_query(request: Request, channel: Channel, provider: _Provider) -> Response:
    """The same, for providers that report with GET."""
    return await _take(request, channel, provider, None)


@router.post(
    _OF_ONE,
    summary="Take a provider's events for one gateway",
    description=EVENTS_OF_ONE,
    **documented(reads_body=True),
)
async def receive_gateway_webhook(
    request: Request, channel: Channel, provider: _Provider, gateway_id: UUID
) -> Response:
    """For one gateway."""
    return await _take(request, channel, provider, gateway_id)


@router.get(
    _OF_ONE,
    summary="Take a provider's events for one gateway from the query",
    description=BY_QUERY_OF_ONE,
    **documented(reads_body=False),
)
async def receive_gateway_webhook_by_query(
    request: Request, channel: Channel, provider: _Provider, gateway_id: UUID
) -> Response:
    """The same, for providers that report with GET."""
    return await _take(request, channel, provider, gateway_id)


async def _take(request: Request, channel: Channel, provider: str, gateway_id: UUID | None) -> Response:
    state = state_of(request)
    found = webhook_at(channel, provider)
    if found is None:
        raise ApiError(404, "provider_unknown", f"no {channel} provider {provider!r} posts to a webhook")
    type_name, webhook = found
    try:
        address = await _public_url(state, request)
        head = head_of(request, address)
        ends = [
            end
            for end in await _configured(state, channel, type_name, gateway_id)
            if end.webhook.may_fit(head)  # before a body is read in vain
        ]
        if not ends:
            return answer_reply(webhook.REFUSED)
        with state.part(WebhookMemory).post(request.client.host if request.client else "") as held:
            body = await read_post(request, webhook.MOST_BYTES, held)
            async with state.part(WebhookMemory).verifying(type_name):
                taken = await _verified(replace(head, body=body), ends)
            return answer_reply(taken) if isinstance(taken, Reply) else await _accept(state, channel, *taken)
    except (TemporalUnavailable, RPCError, WebhookBusy, *DB_UNAVAILABLE) as error:
        log.warning("a webhook call was not accepted: the provider has to repeat it", error=type(error).__name__)
        return _busy(webhook)


async def _verified(post: Post, ends: Sequence[WebhookReceiver]) -> Reply | tuple[Sequence[WebhookReceiver], Post]:
    """The receivers that verify the post, or the answer if there are none or nothing is left to do.

    Other requests are served between any two gateways.
    """
    replies = []
    for end in ends:
        if (reply := await end.webhook.handshake(post)) is not None:
            replies.append(reply)
            await asyncio.sleep(0)
    if replies:
        return min(replies, key=lambda reply: reply.status)  # one of them may accept what the others refuse
    verified = []
    for end in ends:
        if await end.webhook.verify(post):
            verified.append(end)
        await asyncio.sleep(0)
    return (verified, post) if verified else ends[0].webhook.REFUSED


async def _configured(
    state: AppState, channel: Channel, type_name: str, gateway_id: UUID | None
) -> Sequence[WebhookReceiver]:
    ends = await state.part(WebhookReceivers).find(channel, type_name, gateway_id)
    if not ends:
        raise ApiError(404, "gateway_not_found", f"there is no such {type_name} gateway")
    configured = [end for end in ends if end.webhook.is_configured]
    if not configured:
        message = f"this {type_name} gateway accepts no webhook calls yet: set the webhook's secret in its config"
        raise ApiError(403, "webhook_not_configured", message)
    return configured


async def _accept(state: AppState, channel: Channel, ends: Sequence[WebhookReceiver], post: Post) -> Response:
    """Start workflows for the events of each gateway, or have them carried by others; gateways with equal events share
    one."""
    webhook = ends[0].webhook
    try:
        if len(post.body) > QUICK:  # thousands of events, some of them expensive to parse
            by_events = await in_background(by_gateways, ends, post)
        else:
            by_events = by_gateways(ends, post)
    except UnreadablePost as error:
        return _refusal(webhook.UNREADABLE, str(error))
    if changed := [end.gateway_id for end in ends if end.webhook.tells_of_templates(post)]:
        await templates.read_again(state.pool, changed)
    for end in ends:
        if reports := end.webhook.reports_of_number(post):
            for report in reports:
                await numbers.note_report(state.pool, end.gateway_id, report)
            await templates.read_again(state.pool, [end.gateway_id])  # and the number with them
    raw = urlsplit(post.url).query.encode() + b"\n" + post.body
    for events, gateways in by_events.items():
        for part in parts_of(channel, gateways, events, raw):
            if part.is_inbound:
                await start_receipts(state.temporal, [part])
            else:
                await state.part(SharedStarts).start(part)
    return answer_reply(webhook.ACCEPTED)


async def _public_url(state: AppState, request: Request) -> str:
    """The address that the provider posted to: behind a proxy only the settings have it."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    base = (await state.part(CurrentSettings).recent()).public_url or f"{request.url.scheme}://{request.url.netloc}"
    return base.rstrip("/") + path


def _busy(webhook: type[Webhook]) -> Response:
    """A part is unavailable: the provider shall post again, and gets the status code by which it does."""
    return error_response(ApiError(webhook.BUSY, "unavailable", "not now: post it again", retry_after=5.0))


def _refusal(status: int, message: str) -> Response:
    return error_response(ApiError(status, "webhook", message))
