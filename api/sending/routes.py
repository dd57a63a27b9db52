"""``POST /api/{channel}/send`` and its query-string variant."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from api.http.auth import Requires, charge_contacts, requires
from api.http.body import MAX_BODY
from api.http.errors import ApiError, outcome_unknown
from api.http.idempotency import KeyClaim, once
from api.http.state import AppState, state_of
from api.limits.offload import Offload
from api.messages.live import accepted_status
from api.messages.models import SendAnswer
from api.reference.openapi import IDEMPOTENCY_HEADER, answers, documented_body
from api.sending.answer import accepted_answer
from api.sending.batches import accept_batch, finish_batch
from api.sending.checks import check_request
from api.sending.commit_queue import OneMessage
from api.sending.group_commit import GroupCommit
from api.sending.large_bodies import Bodies
from api.sending.pages import accept_page
from api.sending.parse_request import ReadRequest, RequestedBatch, may_be_large, read_large_request, read_request
from api.sending.starts import ACCEPT_SECONDS, Starts, make_unstartable
from domain.audience.named_template import NamedTemplate, TemplateUse
from domain.channels import Channel
from domain.errors import FieldError, InvalidError, invalid
from domain.ids import new_batch_id, page_of
from domain.links.shortening import LinkRules
from domain.messages.page import ADMIN_ACCOUNT
from domain.messages.prices import FREE
from runtime.metrics.counted import ACCEPTING
from runtime.traces.tracing import exemplar
from services.accounts.rates import PlanPrices
from services.audience.contacts.values import values_at
from services.audience.templates.named import NamedTemplates
from services.contacts.models import MAX_CONTACTS, SEND_MODELS
from services.contacts.read import ReadContacts, Terms
from services.contacts.stored_values import ContactsUse, Stored
from services.contacts.unknown_fields import UnknownField, unread_parameters
from services.sending.batch_header import page_sizes
from services.sending.batch_pages import NewBatch
from services.settings.current import CurrentSettings
from store.accounts.api_keys import Principal
from store.messages import attachments

router = APIRouter(tags=["send"])

MAX_NUMBERS = 20_000
"""Characters of the numbers in a query string."""

_MOST_QUICK = 20
_MOST_QUICK_CHARACTERS = 20_000

_Endpoint = Callable[..., Awaitable[Response]]
_PARAMETERS = frozenset(
    {"contacts", "message", "sms_type", "gateway_identifier", "schedule_at", "duplicates", "purpose"}
)


def _may_send(channel: Channel, *, by_query: bool) -> Requires:
    may_repeat = ("contacts",) if by_query else ()
    return requires("send", channel, reads_query=by_query, may_repeat=may_repeat, minds_narrowing=True)


def _send_endpoint(channel: Channel) -> _Endpoint:
    async def send(
        request: Request,
        principal: Annotated[Principal, Depends(requires("send", channel, reads_query=False, minds_narrowing=True))],
    ) -> Response:
        parameters = unread_parameters(request.query_params, ())
        async with state_of(request).part(Bodies).read(request, principal.account_id) as raw:
            return await send_raw(request, principal, channel, raw, parameters)

    return send


def _query_endpoint(channel: Channel) -> _Endpoint:
    known = _PARAMETERS if channel is Channel.SMS else _PARAMETERS - {"sms_type"}

    async def send_by_query(
        request: Request,
        principal: Annotated[Principal, Depends(_may_send(channel, by_query=True))],
        contacts: Annotated[
            str, Query(description="Numbers, separated by commas; may be given several times.", max_length=MAX_NUMBERS)
        ],
        message: Annotated[str, Query(max_length=5_000)],
        sms_type: Annotated[str | None, Query(max_length=20)] = None,
        gateway_identifier: Annotated[str | None, Query(max_length=200)] = None,
        schedule_at: Annotated[str | None, Query(max_length=64)] = None,
        duplicates: Annotated[Literal["send", "skip"] | None, Query(description="As in a POST.")] = None,
        purpose: Annotated[str | None, Query(max_length=50, description="As in a POST.")] = None,
    ) -> Response:
        numbers = _numbers(request.query_params.getlist("contacts"))
        shared = {
            "message": message,
            **({"sms_type": sms_type} if channel is Channel.SMS else {}),
            "gateway_identifier": gateway_identifier,
            "schedule_at": schedule_at,
        }
        if len(numbers) * sum(len(text) for text in shared.values() if text) > MAX_BODY:
            raise ApiError(413, "too_large", "these are too many numbers for so long a text: send them by POST")
        # Converted to the body of a POST, so that both forms are parsed by the same code.
        listed = [{"number": number, **shared} for number in numbers if number]
        raw = orjson.dumps({"duplicates": duplicates, "purpose": purpose, "contact": listed})
        return await send_raw(request, principal, channel, raw, unread_parameters(request.query_params, known))

    return send_by_query


def _numbers(given: list[str]) -> list[str]:
    if sum(map(len, given)) > MAX_NUMBERS:
        raise invalid([FieldError("/contacts", "string_too_long", f"more than {MAX_NUMBERS} characters of numbers")])
    return [number.strip() for text in given for number in text.split(",")]


async def send_raw(
    request: Request,
    principal: Principal,
    channel: Channel,
    raw: bytes,
    parameters: Sequence[UnknownField],
    named: NamedTemplate | None = None,
) -> Response:
    """Accept a send request with this body. ``named``: the template that it names, if that is not to be looked up."""
    state, begun = state_of(request), perf_counter()
    minted = new_batch_id()
    read = await read_contacts(request, principal, channel, raw, minted, parameters, named)
    await charge_contacts(request, principal, _contacts(read), len(raw))

    async def send(claimed: KeyClaim) -> bytes:
        if isinstance(read, RequestedBatch):
            return await _send_batch(state, principal, channel, read, claimed)
        if read.may_share_a_page:
            return await _send_one(request, principal, channel, read, claimed)
        if claimed.is_new:  # a page that may have been started is finished without new checks
            await check_request(state, principal, channel, read.contacts)
        await _keep_files(state, principal, read.contacts)
        return await accept_page(
            state.part(Starts), request.is_disconnected, claimed, principal, channel, read.lane, read.contacts
        )

    answer = await once(request, principal.account_id, raw, minted, send, apart="test" if principal.is_test else "")
    ACCEPTING.labels(channel).observe(perf_counter() - begun, exemplar())
    return answer


async def read_contacts(
    request: Request,
    principal: Principal,
    channel: Channel,
    raw: bytes,
    batch_id: UUID,
    parameters: Sequence[UnknownField],
    named: NamedTemplate | None,
) -> ReadRequest | RequestedBatch:
    """Check the body of a send request. ``named``: the template that it names, if that is not to be looked up.

    Raises:
        ApiError, InvalidError: it is refused.
    """
    state = state_of(request)
    account_id = principal.account_id
    terms = await terms_of(state, principal, parameters)
    stored: Stored | None = None
    if not may_be_large(raw, terms.links):
        read = read_request(raw, channel, terms)
        if isinstance(read, TemplateUse):
            named = named or await _named(state, principal, channel, read)
            if named.is_quick(raw.count(b"{")):
                read = read_request(raw, channel, terms, named)
        if isinstance(read, ContactsUse):
            stored = await _stored(state, principal, channel, read)
            if _are_small(stored):
                read = read_request(raw, channel, terms, named, stored)
        if isinstance(read, ReadRequest) and read.fits_a_page:
            return read
    sizes = await page_sizes(state.pool, account_id, channel)

    async def large(
        named: NamedTemplate | None, stored: Stored | None
    ) -> ReadRequest | RequestedBatch | TemplateUse | ContactsUse:
        found = await state.part(Offload).run(
            account_id,
            len(raw),
            request.is_disconnected,
            read_large_request,
            raw,
            channel,
            terms,
            batch_id,
            account_id,
            sizes,
            principal.terms,
            named,
            stored,
        )
        if isinstance(found, ApiError | InvalidError):
            raise found
        return found

    found = await large(named, stored)
    if isinstance(found, TemplateUse):
        named = await _named(state, principal, channel, found)
        found = await large(named, stored)
    if isinstance(found, ContactsUse):
        found = await large(named, await _stored(state, principal, channel, found))
    assert not isinstance(found, TemplateUse | ContactsUse)
    return found


async def _stored(state: AppState, principal: Principal, channel: Channel, use: ContactsUse) -> Stored:
    """What is stored of a request's contacts. Test keys do not see it: their messages can be read in the sandbox."""
    if principal.is_test:
        return []
    return await values_at(state.pool, principal.account_id, channel, use.addresses)


def _are_small(stored: Stored) -> bool:
    """Whether texts are filled from them in a few milliseconds."""
    given = [values for values in stored if values is not None]
    return len(given) <= _MOST_QUICK and sum(len(str(values)) for values in given) <= _MOST_QUICK_CHARACTERS


async def _named(state: AppState, principal: Principal, channel: Channel, use: TemplateUse) -> NamedTemplate:
    templates = state.part(NamedTemplates)
    return await templates.get(principal.account_id, principal.templates_version, channel, use)


async def terms_of(state: AppState, principal: Principal, parameters: Sequence[UnknownField] = ()) -> Terms:
    """What decides how the contacts of a request are read."""
    install = await state.part(CurrentSettings).at(principal.settings_version)
    return Terms(
        install.default_time_zone if principal.account_id == ADMIN_ACCOUNT else principal.time_zone,
        principal.default_region or install.default_region,
        principal.account_id,
        install.public_url,
        tuple(parameters),
        install.countries_with(principal.plan_countries),
        FREE if principal.is_test else await state.part(PlanPrices).of(principal.account_id, principal.rates_version),
        LinkRules.of(principal.links, install.public_url),
    )


def _contacts(read: ReadRequest | RequestedBatch) -> int:
    return read.batch.stored.total if isinstance(read, RequestedBatch) else len(read.contacts.content.messages)


async def _send_one(
    request: Request, principal: Principal, channel: Channel, read: ReadRequest, claimed: KeyClaim
) -> bytes:
    state = state_of(request)
    content = read.contacts.content
    message = content.messages[0]
    uid = None if claimed.is_new else await _accepted_before(state, channel, claimed.id)
    if uid is None:
        await check_request(state, principal, channel, read.contacts)
        await _keep_files(state, principal, read.contacts)
        wanted = next(iter(read.contacts.requested), None)
        caller = request.is_disconnected
        one = OneMessage(
            principal.account_id,
            message,
            content.contents[0],
            wanted,
            claimed,
            caller,
            principal.terms,
            read.contacts.purpose,
            read.contacts.template_version,
        )
        uid = await state.part(GroupCommit).accept(channel, read.lane, one)
    return accepted_answer([(uid, message)], read.contacts.warnings())


async def _accepted_before(state: AppState, channel: Channel, uid: UUID) -> UUID | None:
    """The uid of an earlier try, if it was accepted. If not, it is blocked from being accepted later."""
    try:
        async with asyncio.timeout(ACCEPT_SECONDS):
            if await make_unstartable(state.temporal, page_of(uid)):
                return None
            return uid if await accepted_status(state.temporal, channel, uid) else None
    except TimeoutError:
        raise outcome_unknown(uid) from None


async def _send_batch(
    state: AppState, principal: Principal, channel: Channel, asked: RequestedBatch, claimed: KeyClaim
) -> bytes:
    answer = await finish_batch(state.pool, state.temporal, claimed)
    if answer is None:
        await check_request(state, principal, channel, asked.batch)
        await _keep_files(state, principal, asked.batch)
        answer = await accept_batch(state.pool, state.part(Starts), state.temporal, asked, claimed)
    return answer


async def _keep_files(state: AppState, principal: Principal, asked: ReadContacts | NewBatch) -> None:
    """Store attachments before messages that need them are started."""
    due = max(datetime.fromtimestamp(asked.last_due, UTC), datetime.now(UTC))
    await attachments.keep(state.pool, principal.account_id, asked.files, due)


def _documented(**more: Any) -> dict[str, Any]:
    return {"response_model": None, "responses": answers(SendAnswer, 402, 409, 413), **more}


for _channel, _model in SEND_MODELS.items():
    router.add_api_route(
        f"/api/{_channel}/send",
        _send_endpoint(_channel),
        methods=["POST"],
        name=f"send_{_channel}",
        summary=f"Send up to {MAX_CONTACTS} {_channel} messages",
        **_documented(openapi_extra=documented_body(_model, idempotent=True)),
    )
    if _channel is not Channel.EMAIL:
        router.add_api_route(
            f"/api/{_channel}/send",
            _query_endpoint(_channel),
            methods=["GET"],
            name=f"send_{_channel}_by_query",
            summary=f"Send {_channel} messages from a query string",
            description="For clients that cannot post. Numbers and texts end up in logs on the way: prefer POST.",
            **_documented(openapi_extra={"parameters": [IDEMPOTENCY_HEADER]}),
        )
