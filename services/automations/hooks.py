"""Hooks: addresses that other systems post to, which begin runs."""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.audience.contacts.contact import new_contact_id
from domain.audience.contacts.values import read_values
from domain.automations.definition.triggers import Webhook
from domain.automations.mapping import Mapped, map_body
from domain.errors import ConflictError, InvalidError, NotFoundError
from services.accounts.users import find_account
from services.audience.contacts.upserting import upsert
from services.automations.entering import Coming, enter, refuse_unknown
from services.automations.flows import Flows
from services.automations.steps.values import OWN
from services.changes import Change
from store.audience.contacts.matching import match
from store.audience.contacts.terms import terms_of
from store.automations import automations, hooks
from store.automations.hooks import Hook
from store.pool import Connections

MOST = 200
"""Hooks of an account."""
TOKEN = re.compile("[a-z2-7]{52}")
"""What is secret in an address: 256 bits."""
ORIGIN = "webhook"

_NO_LETTERS = re.compile("[^a-z0-9]+")


async def add(change: Change, account_id: int, name: str) -> tuple[Hook, str]:
    """Make a hook. Also returns the secret of its address, which is shown once.

    Raises:
        InvalidError: the name has no letters or digits.
        ConflictError: there is a hook with this name, or the account has too many.
    """
    await find_account(change, account_id)
    key = _NO_LETTERS.sub("-", name.lower()).strip("-")[:100]
    if not key:
        raise InvalidError(
            "hook_name", "a hook's name needs letters a-z or digits: automations name it by them", "/name"
        )
    if await hooks.count(change.store, account_id) >= MOST:
        raise ConflictError("too_many_hooks", f"an account has at most {MOST} hooks: delete those not in use")
    token = base64.b32encode(secrets.token_bytes(32)).decode().rstrip("=").lower()
    made = await hooks.add(change.store, new_contact_id(), account_id, key, name, digest_of(token))
    change.about("hook", made.key, made.name)
    change.compare({}, {"name": made.name})
    return made, token


async def remove(change: Change, account_id: int, key: str) -> None:
    """Delete a hook: what is posted to it is refused from now on.

    Raises:
        NotFoundError: there is none with this key.
    """
    if not await hooks.remove(change.store, account_id, key):
        raise NotFoundError("hook_not_found", f"there is no hook {key!r}: GET /api/hooks lists yours")
    change.about("hook", key)


def digest_of(token: str) -> bytes:
    """What is kept of the secret."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True, slots=True)
class Posted:
    """What a post did."""

    triggered: int
    """Automations that a run has begun in."""
    enrolled: int
    """Contacts that entered one."""
    begun: list[UUID]
    """The runs."""


async def take_post(store: Connections, flows: Flows, hook: Hook, post_id: str, body: Mapping[str, Any]) -> Posted:
    """Have whoever a post is about enter all automations of its hook. In a transaction.

    Raises:
        InvalidError: it names nobody, or holds values that no contact can have: nothing was changed.
        ConflictError: its addresses are those of several contacts.
    """
    now, begun, enrolled = datetime.now(UTC), list[UUID](), set[UUID]()
    for automation, place in await automations.triggered_by(store, hook.account_id, "webhook", hook.key):
        assert automation.version is not None, "only what was published has triggers"
        of = await flows.of(store, automation.id, automation.version, automation.revision)
        trigger = of.flow.triggers[place]
        assert isinstance(trigger, Webhook), "it is what the table has"
        found = map_body(body, trigger.map)
        values = await _values(store, hook.account_id, found)
        if not of.flow.entry.create_contact and not await _is_known(store, hook.account_id, values):
            await refuse_unknown(store, automation, "webhook", now)
            continue
        _, contact, _ = await upsert(store, hook.account_id, values, ORIGIN)
        contact_id = contact.id
        entered = await enter(store, automation, of, Coming(contact_id, "webhook", post_id, found.event), now)
        if entered.run_id is not None:
            begun.append(entered.run_id)
            enrolled.add(contact_id)
    return Posted(len(begun), len(enrolled), begun)


async def _is_known(store: Connections, account_id: int, values: Mapping[str, Any]) -> bool:
    ((_, owners),) = await match(store, account_id, [values])
    return bool(owners)


async def _values(store: Connections, account_id: int, found: Mapped) -> Mapping[str, Any]:
    """What a post says of a contact."""
    if not found.contact:
        message = "this names nobody: give email, phone, whatsapp or external_id, or map them in the trigger"
        raise InvalidError("contact_missing", message)
    terms = await terms_of(store, account_id)
    own = {name: value for name, value in found.fields.items() if name in OWN}
    custom = {name: value for name, value in found.fields.items() if name not in OWN}
    return read_values({**found.contact, **own, **({"fields": custom} if custom else {})}, terms)
