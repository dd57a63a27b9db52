"""What a map makes of a post, for whoever writes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.audience.contacts.values import read_values
from domain.automations.definition.triggers import BodyMap
from domain.automations.hooks.places import delivery_of, topic_of
from domain.automations.mapping import map_body
from domain.errors import FieldError, InvalidError
from services.automations.hooks.posting import map_of, values_of
from store.audience.contacts.terms import terms_of
from store.automations.hooks import samples
from store.automations.hooks.hooks import Hook
from store.automations.hooks.samples import Sample
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Tried:
    """What a post would do."""

    contact: Mapping[str, Any]
    """Values as they would be stored; of those that cannot be used, as they are in the body."""
    event: Mapping[str, Any]
    topic: str | None
    has_delivery_id: bool
    """Whether the same post again would be known."""
    notes: list[FieldError]
    """Values that were not taken: each with its place in the body, or in ``contact``."""


async def sample_of(store: Connections, hook: Hook) -> Sample:
    """The newest sample of a hook.

    Raises:
        InvalidError: there is none.
    """
    found = await samples.latest(store, hook.id)
    if not found:
        raise InvalidError("hook_sample", "there is no sample yet: post one with ?test=1, or give a body", "/body")
    return found[0]


async def try_map(
    store: Connections, hook: Hook, headers: Mapping[str, str], body: Mapping[str, Any], rules: BodyMap | None
) -> Tried:
    """What a map makes of a post; ``None``: the hook's own.

    Raises:
        InvalidError: the body is none, or too large for an event.
    """
    found = map_body(body, rules or map_of(hook.map))
    topic = topic_of(hook.topic, headers, body)
    notes = list(found.problems)
    if not found.contact:
        notes.append(FieldError("", "contact_missing", "this names nobody: map email, phone, whatsapp or external_id"))
    given = values_of(found)
    try:
        values = read_values(given, await terms_of(store, hook.account_id))
    except InvalidError as error:
        notes += error.fields
        values = dict(given)
    event = dict(found.event) if topic is None else {**found.event, "topic": topic}
    has_id = delivery_of(hook.delivery, headers, body) is not None
    return Tried(values, event, topic, has_id, notes)
