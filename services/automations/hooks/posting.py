"""What posts to hooks do: whoever one is about enters automations."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.audience.contacts.values import read_values
from domain.automations.definition.triggers import BodyMap, Webhook
from domain.automations.mapping import Mapped, map_body
from domain.errors import InvalidError
from services.audience.contacts.upserting import upsert
from services.automations.entering import Coming, enter, refuse_unknown
from services.automations.flows import Flows
from services.automations.steps.values import OWN
from store.audience.contacts.matching import match
from store.audience.contacts.terms import terms_of
from store.automations import automations
from store.automations.hooks import deliveries
from store.automations.hooks.hooks import Door
from store.pool import Connections

ORIGIN = "webhook"


@dataclass(frozen=True, slots=True)
class Post:
    """A post that was accepted."""

    id: str
    body: Mapping[str, Any]
    topic: str | None = None
    """What happened, in the sender's words."""
    delivery: bytes | None = None
    """The digest of its id; ``None``: it has none."""
    digest: bytes | None = None
    """Of its body, if the same id must come with the same body."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What a post did."""

    triggered: int = 0
    """Automations that a run has begun in."""
    enrolled: int = 0
    """Contacts that entered one."""
    begun: list[UUID] = field(default_factory=list)
    """The runs."""


async def take_post(store: Connections, flows: Flows, door: Door, post: Post) -> Posted:
    """Have whoever a post is about enter all automations of its hook, once for each delivery. In a transaction.

    Raises:
        InvalidError: it names nobody, or holds values that no contact can have, or its ``Idempotency-Key`` came with
            another body: nothing was changed.
        ConflictError: its addresses are those of several contacts.
    """
    if post.delivery is None:
        return await _enter_all(store, flows, door, post)
    taken = await deliveries.claim(store, door.id, post.delivery, post.digest)
    if taken is None:
        posted = await _enter_all(store, flows, door, post)
        await deliveries.note(store, door.id, post.delivery, posted.triggered, posted.enrolled)
        return posted
    if taken.body != post.digest:
        message = "this Idempotency-Key was used for another request: take a new one"
        raise InvalidError("idempotency_mismatch", message)
    return Posted(taken.triggered, taken.enrolled)


async def _enter_all(store: Connections, flows: Flows, door: Door, post: Post) -> Posted:
    now, begun, enrolled = datetime.now(UTC), list[UUID](), set[UUID]()
    for automation, place in await automations.triggered_by(store, door.account_id, "webhook", door.key):
        assert automation.version is not None, "only what was published has triggers"
        of = await flows.of(store, automation.id, automation.version, automation.revision)
        trigger = of.flow.triggers[place]
        assert isinstance(trigger, Webhook), "it is what the table has"
        found, values, _ = await read_post(store, door, post, trigger.map)
        if not of.flow.entry.create_contact and not await _is_known(store, door.account_id, values):
            await refuse_unknown(store, automation, "webhook", now)
            continue
        _, contact, _ = await upsert(store, door.account_id, values, ORIGIN)
        contact_id = contact.id
        entered = await enter(store, automation, of, Coming(contact_id, "webhook", post.id, found.event), now)
        if entered.run_id is not None:
            begun.append(entered.run_id)
            enrolled.add(contact_id)
    return Posted(len(begun), len(enrolled), begun)


async def read_post(
    store: Connections, door: Door, post: Post, rules: BodyMap | None
) -> tuple[Mapped, Mapping[str, Any], InvalidError | None]:
    """What a post says: as it was found, the values of a contact, and what could not be used and was left out.

    Raises:
        InvalidError: it names nobody, or holds values that no contact can have.
    """
    found = map_body(post.body, rules or map_of(door.map))
    if post.topic is not None:
        found = replace(found, event={**found.event, "topic": post.topic})
    _check_named(found.contact)
    terms = await terms_of(store, door.account_id)
    try:
        return found, read_values(values_of(found), terms), None
    except InvalidError as error:
        if door.unusable == "refuse":
            raise
        found = _without(found, error)
        _check_named(found.contact, error)
        return found, read_values(values_of(found), terms), error


def map_of(stored: Mapping[str, Any] | None) -> BodyMap | None:
    """The map of a hook; ``None``: it has none."""
    return None if stored is None else BodyMap(**stored)


async def _is_known(store: Connections, account_id: int, values: Mapping[str, Any]) -> bool:
    ((_, owners),) = await match(store, account_id, [values])
    return bool(owners)


def _check_named(contact: Mapping[str, str], error: InvalidError | None = None) -> None:
    if not contact:
        message = "this names nobody: give email, phone, whatsapp or external_id, or map them in the trigger"
        raise error or InvalidError("contact_missing", message)


def values_of(found: Mapped) -> Mapping[str, Any]:
    """What a post says of a contact."""
    own = {name: value for name, value in found.fields.items() if name in OWN}
    custom = {name: value for name, value in found.fields.items() if name not in OWN}
    return {**found.contact, **own, **({"fields": custom} if custom else {})}


def _without(found: Mapped, error: InvalidError) -> Mapped:
    """What is left if values that cannot be used are left out."""
    wrong = {fault.pointer.rpartition("/")[2] for fault in error.fields}
    return replace(
        found,
        contact={name: value for name, value in found.contact.items() if name not in wrong},
        fields={name: value for name, value in found.fields.items() if name not in wrong},
    )
