"""``/api/subscribe``: double opt-in, for servers of an account."""

from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response

from api.consent.access import Holder
from api.consent.subscribe_models import Subscribe, SubscriptionAnswer, TextAnswer, TextPage, WriteText
from api.http.body import parse_body, read_body
from api.http.errors import ApiError
from api.http.idempotency import KeyClaim
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, perform, perform_once
from api.sending.starts import Starts
from domain.channels import Channel
from domain.errors import InvalidError
from domain.ids import message_uid, new_page_id
from domain.lanes import Lane
from domain.mail.links import LinkKind, LinkSigner
from domain.messages.new_page import new_page
from domain.messages.page_content import PageContent, PageMessage
from domain.recipients import InvalidRecipient, normalise_email
from services.accounts.rates import PlanPrices
from services.audience.consent import subscribing as rules
from services.audience.consent.subscribing import Asked
from services.changes import Change
from services.contacts.numbers import NumberReader
from services.settings.current import CurrentSettings
from services.settings.models import InstallSettings
from store.accounts.api_keys import Principal
from store.audience.consent import subscribing
from store.audience.consent.subscribing import ConfirmationText, NewRequest

router = APIRouter(prefix="/api/subscribe", tags=["consent"])

_text: dict[str, Any] = {"response_model": None, "responses": answers(TextAnswer)}


@router.post(
    "",
    summary="Ask an address whether it wants messages",
    response_model=None,
    responses=answers(SubscriptionAnswer, 409),
    openapi_extra=documented_body(Subscribe, idempotent=True),
)
async def subscribe(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """By a message with a link, in your transactional lane. Who confirms within 7 days has granted consent, with proof.

    The same request again has the message be sent again, twice at most. An address that granted it before is not asked.
    """
    raw, state, account_id = await read_body(request), state_of(request), principal.account_id
    body = parse_body(raw, Subscribe)
    settings = await state.part(CurrentSettings).at(principal.settings_version)
    recipient = _recipient(body, principal, settings)
    ip = None if body.ip is None else str(body.ip)
    new = NewRequest(uuid4(), body.channel, recipient, body.purposes, body.source, body.text_shown, ip, body.language)
    if not dry_run:
        await rules.take_turns(state.pool, account_id, body.channel, recipient)
    page_id, signer = new_page_id(), state.part(LinkSigner)
    asked: Asked | None = None

    async def work(made: Change, _: KeyClaim) -> Answer:
        nonlocal asked
        if settings.public_url is None:
            raise ApiError(409, "public_url_missing", "links to confirm need the install's public URL: ask who runs it")
        base = f"{settings.public_url.rstrip('/')}/{LinkKind.CONFIRM}/"
        asked = await rules.ask(made, account_id, new, lambda of: base + signer.token(LinkKind.CONFIRM, of))
        return f"it is {asked.state}", _shown(asked, page_id)

    actor = user_actor(request, principal)
    answer = await perform_once(request, actor, "subscription.asked", raw, work, dry_run=dry_run)
    if asked is not None and not dry_run:
        await _send(request, state, principal, asked, page_id)
    return answer


@router.get("/texts", summary="What your confirmation messages say", response_model=None, responses=answers(TextPage))
async def list_confirmation_texts(request: Request, principal: Holder) -> Response:
    """Those that you set; all others are ours, in the language of the request."""
    found = await subscribing.texts(state_of(request).pool, principal.account_id)
    return json_response({"data": [_shown_text(text) for text in found], "next_cursor": None})


@router.put(
    "/texts/{channel}",
    summary="Set what your confirmation messages say",
    openapi_extra=documented_body(WriteText),
    **_text,
)
async def put_confirmation_text(
    request: Request, channel: Channel, principal: Holder, dry_run: DryRun = False
) -> Response:
    """A template: `{{ confirm_url }}` must be in it."""
    body = parse_body(await read_body(request), WriteText)
    text = ConfirmationText(channel, body.subject, body.message)

    async def work(made: Change) -> Answer:
        await rules.put_text(made, principal.account_id, text)
        return "set", _shown_text(text)

    return await perform(request, user_actor(request, principal), "confirmation_text.changed", work, dry_run=dry_run)


@router.delete("/texts/{channel}", summary="Let your confirmation messages say what ours do", **_text)
async def delete_confirmation_text(
    request: Request, channel: Channel, principal: Holder, dry_run: DryRun = False
) -> Response:
    """Safe to repeat."""

    async def work(made: Change) -> Answer:
        made.about("confirmation_text", channel)
        await subscribing.remove_text(made.store, principal.account_id, channel)
        return "removed", None

    return await perform(request, user_actor(request, principal), "confirmation_text.removed", work, dry_run=dry_run)


async def _send(request: Request, state: AppState, principal: Principal, asked: Asked, page_id: UUID) -> None:
    if asked.content is None:
        return
    prices = await state.part(PlanPrices).of(principal.account_id, principal.rates_version)
    of = asked.request
    category = "service" if of.channel == Channel.WHATSAPP else None
    message = PageMessage(of.recipient, prices.of(Channel(of.channel), of.recipient, asked.parts, category), 0)
    # Who unsubscribed from all before is asked, too: nothing else would let them come back.
    page = new_page(page_id, of.channel, [of.account_id], [message], {}, lane=Lane.TRANSACTIONAL, exempt=True)
    await state.part(Starts).start_own(page, PageContent([asked.content], [message]).encode(), request.is_disconnected)


def _recipient(body: Subscribe, principal: Principal, settings: InstallSettings) -> str:
    try:
        if body.channel is Channel.EMAIL:
            return normalise_email(body.recipient)
        countries = settings.countries_with(principal.plan_countries)
        return NumberReader(principal.default_region or settings.default_region, countries).read(body.recipient)
    except InvalidRecipient as error:
        raise InvalidError(error.code, error.message, "/recipient") from None


def _shown(asked: Asked, page_id: UUID) -> dict[str, Any]:
    of = asked.request
    return {
        "id": of.id,
        "channel": of.channel,
        "recipient": of.recipient,
        "purposes": of.purposes,
        "state": asked.state,
        "sent": of.sent + (asked.content is not None),
        "uid": None if asked.content is None else message_uid(page_id, 0),
        "expires_at": of.expires_at,
    }


def _shown_text(text: ConfirmationText) -> dict[str, Any]:
    return {"channel": text.channel, "subject": text.subject, "message": text.message}
