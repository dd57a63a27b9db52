"""Whether those whom a definition tells something can be told, before it is published."""

from collections.abc import Sequence

from domain.automations.definition.steps import Notify, Step
from domain.callbacks import EventType
from domain.errors import FieldError
from domain.recipients import InvalidRecipient, normalise_email
from services.automations.results.notices import owner_email
from store.accounts import sender_domains
from store.callbacks import callback_endpoints
from store.pool import Connections
from store.settings import install_settings

ROLES = frozenset({"owner"})


async def telling_faults(store: Connections, account_id: int, steps: Sequence[tuple[str, Step]]) -> list[FieldError]:
    """What is wrong with the notices among steps, each with its place."""
    found = [(at, step) for at, step in steps if isinstance(step, Notify)]
    return [fault for at, step in found for fault in await _of_step(store, account_id, f"{at}/to", step)]


async def _of_step(store: Connections, account_id: int, at: str, step: Notify) -> list[FieldError]:
    to = step.to
    if to.callback:
        endpoints = await callback_endpoints.list_endpoints(store, account_id)
        kind = EventType.AUTOMATION_NOTICE
        if any(one.enabled and (one.events is None or kind in one.events) for one in endpoints):
            return []
        words = f"no callback of yours hears of {kind}: POST /api/callbacks makes one"
        return [FieldError(f"{at}/callback", "callback_missing", words)]
    if to.staff is not None:
        words = "an account has no staff of its own: name the role owner, an email, or callback"
        return [FieldError(f"{at}/staff", "notify_recipient", words)]
    if to.role is not None and to.role not in ROLES:
        return [FieldError(f"{at}/role", "notify_recipient", f"the roles of an account are: {', '.join(ROLES)}")]
    faults = []
    if to.email is not None and not await is_own(store, account_id, to.email):
        words = "name the account's own address, or one at a domain that it has verified: GET /api/domains"
        faults.append(FieldError(f"{at}/email", "notify_recipient", words))
    if (await install_settings.read(store)).sealed_mail is None:
        words = "this install has no mail server for mails of its own: name callback, or ask the admin"
        faults.append(FieldError(at, "notify_recipient", words))
    return faults


async def is_own(store: Connections, account_id: int, address: str) -> bool:
    """Whether mail to it stays with the account's people: it is free, and nobody has to consent."""
    try:
        email = normalise_email(address)
    except InvalidRecipient:
        return False
    if email.casefold() in {own.casefold() for own in await owner_email(store, account_id)}:
        return True
    return await sender_domains.is_verified(store, account_id, email.rpartition("@")[2].lower())
