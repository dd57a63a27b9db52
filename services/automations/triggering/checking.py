"""Whether what a trigger names is there."""

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.audience.contacts.contact import VALUES
from domain.automations.definition.triggers import (
    Inbound,
    Lead,
    Manual,
    OnDate,
    OnEvent,
    OnField,
    OnGroup,
    OnMessage,
    OnTag,
    Schedule,
    Trigger,
    Webhook,
)
from domain.automations.timing.crons import next_moment
from domain.channels import Channel
from domain.errors import FieldError
from domain.text.keywords import Keyword, fold
from store.audience.contacts.terms import terms_of
from store.audience.keyword_sets import of_account
from store.gateways.gateways import unknown_identifiers
from store.leads import sources
from store.pool import Connections

_TIMES = ("created_at", "updated_at")
"""Fields that each contact has, and that are times."""
_NO_TIME = "there is no such day in the next eight years"


async def check_trigger(store: Connections, account_id: int, at: str, trigger: Trigger) -> list[FieldError]:
    """What is wrong with a trigger, whose place is ``at``."""
    match trigger:
        case Inbound():
            return await _inbound(store, account_id, at, trigger)
        case OnDate(field=field):
            return await _date(store, account_id, at, field)
        case Schedule(cron=cron):
            return [] if next_moment(cron, "UTC", datetime.now(UTC)) else [FieldError(f"{at}/cron", "cron", _NO_TIME)]
        case OnGroup(name=name):
            return await _group(store, account_id, at, name)
        case OnField(field=field):
            return await _field(store, account_id, at, field)
        case Lead(source=named):
            return await _lead(store, account_id, at, named)
        case Webhook() | OnEvent() | OnMessage() | OnTag() | Manual():
            return []
    raise AssertionError(f"a trigger of an unknown kind {trigger.kind!r} was read")


async def _lead(store: Connections, account_id: int, at: str, named: Sequence[str]) -> list[FieldError]:
    known = await sources.known_keys(store, account_id, named) if named else frozenset()
    return [
        FieldError(f"{at}/source/{number}", "source_unknown", f"there is no source of leads {key!r}")
        for number, key in enumerate(named)
        if key not in known
    ]


async def _inbound(store: Connections, account_id: int, at: str, trigger: Inbound) -> list[FieldError]:
    faults: list[FieldError] = []
    async with store.connection() as conn:
        stops = (await of_account(conn, account_id)).words(Keyword.STOP)
    for number, keyword in enumerate(trigger.keywords):
        if fold(keyword) in stops:
            message = f"{keyword!r} is a word by which people opt out, and begins nothing: choose another"
            faults.append(FieldError(f"{at}/keywords/{number}", "keyword_stop", message))
    if trigger.gateway:
        channels = [trigger.channel] if trigger.channel else [channel.value for channel in Channel]
        unknown = [await unknown_identifiers(store, account_id, channel, [trigger.gateway]) for channel in channels]
        if all(unknown):
            message = f"there is no gateway {trigger.gateway!r} for this account"
            faults.append(FieldError(f"{at}/gateway", "gateway_not_found", message))
    return faults


async def _group(store: Connections, account_id: int, at: str, key: str) -> list[FieldError]:
    if key in (await terms_of(store, account_id, [key])).groups:
        return []
    return [FieldError(f"{at}/name", "group_unknown", f"there is no group {key!r}: POST /api/groups makes one")]


async def _date(store: Connections, account_id: int, at: str, name: str) -> list[FieldError]:
    kind = (await terms_of(store, account_id)).fields.get(name)
    if name in _TIMES or kind in ("date", "time", "text"):
        return []
    message = f"{name!r} is a {kind}: a date trigger needs a field that holds dates or times"
    if kind is None:
        message = f"contacts have no field {name!r} that holds dates: POST /api/contact-fields makes one"
    return [FieldError(f"{at}/field", "field_unknown" if kind is None else "field_type", message)]


async def _field(store: Connections, account_id: int, at: str, name: str) -> list[FieldError]:
    if name in VALUES or name in (await terms_of(store, account_id)).fields:
        return []
    message = f"contacts have no field {name!r}: POST /api/contact-fields makes one"
    return [FieldError(f"{at}/field", "field_unknown", message)]
