"""A send request against its key, its account's gateways and its wallet: what is wrong is refused at once.

What counts is checked again when credits are held and gateways are chosen.
"""

from collections.abc import Collection, Mapping

from api.http.auth import check_channel
from api.http.errors import ApiError
from api.http.state import AppState
from domain.access.user_scopes import is_narrowed
from domain.audience.purposes import check_purpose
from domain.channels import Channel
from domain.errors import FieldError, invalid
from domain.mail.addresses import domain_of
from services.contacts.read import ReadContacts
from services.sending.allowed import check_gateways
from services.sending.batch_pages import NewBatch
from services.whatsapp.checking import check_templates
from store.access import key_spend
from store.accounts.api_keys import Principal
from store.gateways import senders
from store.gateways.gateways import unknown_identifiers

Asked = ReadContacts | NewBatch


async def check_request(state: AppState, principal: Principal, channel: Channel, asked: Asked) -> None:
    """Refuse what cannot be sent.

    Raises:
        ApiError: 402 no credit is left, or the key has spent all that it may today; 403 the key is narrowed to others;
            404 no such gateway; 422 it may not be sent from there.
        InvalidError: no such purpose, or not on this channel; a template that the provider would refuse.
        ForbiddenError: the key may not send through a gateway that is requested.
    """
    if asked.requested:
        unknown = await unknown_identifiers(state.pool, principal.account_id, channel, list(asked.requested))
        if unknown:
            raise _unknown_gateways(channel, asked, unknown)
    if asked.froms:
        await _check_froms(state, principal, asked.froms)
    channels = asked.channels if isinstance(asked, ReadContacts) else set()  # a batch has no fallbacks
    check_purpose(principal.purposes, asked.purpose, [channel, *sorted(channels)])
    if asked.provider_templates and not principal.is_test:
        await _check_templates(state, principal, asked)
    if is_narrowed(principal.scopes):
        for other in channels:
            check_channel(principal, other)
        await check_gateways(state.pool, principal.rights.gateways, channel, asked.requested)
    if principal.kind == "admin" or principal.is_test:
        return
    if not principal.available and not asked.is_free:
        raise ApiError(402, "no_credit", f"no {channel} credit is left: top up, or assign a plan that has some")
    if principal.spend_cap is not None and await key_spend.today(state.pool, principal.key_id) >= principal.spend_cap:
        message = f"this key has spent the {principal.spend_cap} credits that it may spend in a day"
        raise ApiError(402, "spend_cap_reached", message)


async def _check_templates(state: AppState, principal: Principal, asked: Asked) -> None:
    """What the provider would refuse is refused before a credit is held."""
    wanted = {index: name for name, indexes in asked.requested.items() for index in indexes}
    wide = {use.index: asked.wide_gateway for use in asked.provider_templates if asked.wide_gateway is not None}
    places = [
        ("template",)
        if asked.template_version and use.field == "template"
        else ("contact", asked.duplicates.contact_of(use.index), use.field)
        for use in asked.provider_templates
    ]
    await check_templates(state.pool, principal.account_id, asked.provider_templates, wide | wanted, places)


async def _check_froms(state: AppState, principal: Principal, froms: Mapping[str, str]) -> None:
    """Nobody sends as somebody else."""
    found = await senders.wishes(state.pool, principal.account_id, list(froms))
    errors: list[FieldError] = []
    for address, place in froms.items():
        wish = found[address]
        if not (wish.is_verified or wish.is_own):
            message = f"{domain_of(address)} is not a verified sender domain of this account: add it at /api/domains"
            errors.append(FieldError(place, "from_not_verified", message))
        elif not (wish.has_gateway or wish.is_own or principal.is_test):
            message = "no gateway of this account sends from verified domains: ask whoever runs this install for one"
            errors.append(FieldError(place, "from_not_allowed", message))
    if errors:
        raise invalid(errors)


def _unknown_gateways(channel: Channel, asked: Asked, unknown: Collection[str]) -> ApiError:
    wrong: list[tuple[str, str]] = []
    if asked.wide_gateway is not None and asked.wide_gateway in unknown:
        wrong.append(("/gateway_identifier", asked.wide_gateway))
    named = sorted((index, name) for name in unknown for index in asked.requested[name] if name != asked.wide_gateway)
    wrong += [(f"/contact/{asked.duplicates.contact_of(i)}/gateway_identifier", name) for i, name in named]
    return ApiError(
        404,
        "gateway_not_found",
        f"no {channel} gateway {wrong[0][1]!r} for this account: check gateway_identifier, or leave it out",
        [FieldError(place, "gateway_not_found", f"there is no gateway {name!r}") for place, name in wrong],
    )
