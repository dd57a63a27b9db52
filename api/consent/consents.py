"""``/api/consents``: what recipients of an account allowed and refused."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.consent import suppressions
from api.consent.access import Holder
from api.consent.consent_models import ConsentPage, RecordConsent, RecordConsents, RecordedAnswer
from api.consent.suppression_models import ListAnswer
from api.http.body import MAX_BODY, parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.json_response import json_response
from api.http.query_text import QueryText
from api.http.state import state_of
from api.limits.offload import Offload
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, perform_once
from domain.audience.consents import ConsentState, NewConsent
from domain.channels import Channel
from domain.errors import FieldError, InvalidError, invalid, pointer
from domain.mail.links import LinkKind, LinkSigner
from services.audience.consent import purposes as purpose_rules
from services.audience.consent import records as rules
from services.audience.consent.lists import read_consents
from services.audience.consent.records import AddressRecord
from services.changes import Change
from services.settings.current import CurrentSettings
from services.suppressions import canonical
from store.audience.consent.consents import Consent

router = APIRouter(prefix="/api/consents", tags=["consent"])


@router.get("", summary="What is recorded of an address", response_model=None, responses=answers(ConsentPage, 404))
async def list_consents(
    request: Request,
    principal: Holder,
    channel: Channel | None = None,
    recipient: Annotated[QueryText | None, Query(max_length=320, description="In any of its spellings.")] = None,
    contact: Annotated[UUID | None, Query(description="The id of a contact, in place of an address.")] = None,
) -> Response:
    """Of one address (`channel` and `recipient`), or of all of a `contact`: now, and before."""
    store, account_id = state_of(request).pool, principal.account_id
    if contact is not None and channel is None and recipient is None:
        found = await rules.of_contact(store, account_id, contact)
    elif contact is None and channel is not None and recipient is not None:
        found = [await rules.of_address(store, account_id, channel, canonical(channel, recipient))]
    else:
        raise invalid([FieldError("/recipient", "missing", "give channel and recipient, or contact alone")])
    base = (await state_of(request).part(CurrentSettings).recent()).public_url
    signer = state_of(request).part(LinkSigner)

    def link(one: AddressRecord) -> str | None:
        token = signer.of_address(LinkKind.PREFERENCES, account_id, one.channel, one.recipient)
        return f"{base.rstrip('/')}/{LinkKind.PREFERENCES}/{token}" if base else None

    return json_response({"data": [_shown(one, link(one)) for one in found], "next_cursor": None})


@router.post(
    "",
    summary="Record what recipients chose",
    response_model=None,
    responses=answers(RecordedAnswer, 409),
    openapi_extra=documented_body(RecordConsents, idempotent=True),
)
async def record_consents(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """Up to 100 choices. What was chosen later counts, whatever is recorded later; all of it stays in the history."""
    raw = await read_body(request)
    new = _read(parse_body(raw, RecordConsents).consents)

    async def work(made: Change, _: KeyClaim) -> Answer:
        await rules.record(made, principal.account_id, new)
        return "recorded", {"recorded": len(new)}

    return await perform_once(request, user_actor(request, principal), "consent.recorded", raw, work, dry_run=dry_run)


@router.post(
    "/import",
    summary="Record a list of consent",
    response_model=None,
    responses=answers(ListAnswer, 409, 413),
    openapi_extra=suppressions.CSV,
)
async def import_consents(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """CSV in UTF-8, up to 1 MiB: `channel,recipient,purpose,state`, and `at`, `ip`, `text_shown` if you have them.

    Rows that cannot be read are left out, and named.
    """
    raw, state = await read_body(request, MAX_BODY), state_of(request)
    keys = [purpose.key for purpose in await purpose_rules.all_of(state.pool, principal.account_id)]
    found = await state.part(Offload).run(
        principal.account_id, len(raw), request.is_disconnected, read_consents, raw, keys
    )
    if isinstance(found, Exception):
        raise found
    read = found

    async def work(made: Change, _: KeyClaim) -> Answer:
        await rules.record(made, principal.account_id, read.rows)
        return suppressions.list_added(len(read.rows), read)

    return await perform_once(request, user_actor(request, principal), "consent.imported", raw, work, dry_run=dry_run)


def _read(given: list[RecordConsent]) -> list[NewConsent]:
    new: list[NewConsent] = []
    errors: list[FieldError] = []
    for place, one in enumerate(given):
        try:
            recipient = canonical(one.channel, one.recipient)
        except InvalidError as error:
            errors.append(FieldError(pointer("consents", place, "recipient"), error.code, error.message))
            continue
        ip = None if one.ip is None else str(one.ip)
        state = ConsentState(one.state)
        new.append(
            NewConsent(one.channel, recipient, one.purpose, state, one.source, one.at, one.text_shown, ip, one.proof)
        )
    if errors:
        raise invalid(errors)
    return new


def _shown(one: AddressRecord, link: str | None) -> dict[str, Any]:
    return {
        "channel": one.channel,
        "recipient": one.recipient,
        "suppression": None if one.suppression is None else suppressions.shown(one.suppression),
        "paused_until": one.paused_until,
        "preferences_url": link,
        "consents": [_entry(entry) for entry in one.consents],
        "history": [_entry(entry) for entry in one.history],
    }


def _entry(entry: Consent) -> dict[str, Any]:
    return {
        "purpose": entry.purpose,
        "state": entry.state,
        "recipient": entry.recipient,
        "source": entry.source,
        "text_shown": entry.text_shown,
        "ip": entry.ip,
        "proof": entry.proof,
        "at": entry.at,
    }
