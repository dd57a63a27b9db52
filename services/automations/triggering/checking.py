"""Whether what a trigger names is there."""

from domain.audience.contacts.contact import VALUES
from domain.automations.definition.triggers import (
    Manual,
    OnEvent,
    OnField,
    OnGroup,
    OnMessage,
    OnTag,
    Trigger,
    Webhook,
)
from domain.errors import FieldError
from store.audience.contacts.terms import terms_of
from store.pool import Connections


async def check_trigger(store: Connections, account_id: int, at: str, trigger: Trigger) -> list[FieldError]:
    """What is wrong with a trigger, whose place is ``at``."""
    match trigger:
        case OnGroup(name=name):
            return await _group(store, account_id, at, name)
        case OnField(field=field):
            return await _field(store, account_id, at, field)
        case Webhook() | OnEvent() | OnMessage() | OnTag() | Manual():
            return []
    return [FieldError(at, "not_available", f"triggers of the kind {trigger.kind!r} cannot be published yet")]


async def _group(store: Connections, account_id: int, at: str, key: str) -> list[FieldError]:
    if key in (await terms_of(store, account_id, [key])).groups:
        return []
    return [FieldError(f"{at}/name", "group_unknown", f"there is no group {key!r}: POST /api/groups makes one")]


async def _field(store: Connections, account_id: int, at: str, name: str) -> list[FieldError]:
    if name in VALUES or name in (await terms_of(store, account_id)).fields:
        return []
    message = f"contacts have no field {name!r}: POST /api/contact-fields makes one"
    return [FieldError(f"{at}/field", "field_unknown", message)]
