"""Pairing of phones: a token, used once, makes a device or links one again, and begins its session."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from domain.access.actors import Actor
from domain.audience.contacts.contact import new_contact_id
from domain.devices.sims import Card, Sim
from domain.devices.tokens import (
    OF_CODES,
    OF_TOKENS,
    TokenKind,
    digest_of,
    new_session_token,
    read_pairing_token,
    subject,
)
from domain.errors import ConflictError, ForbiddenError, LogInError, NotFoundError
from domain.keyring import Keyring
from domain.messages.page import ADMIN_ACCOUNT
from services.access.waits import count_try
from services.changes import Change, change
from services.devices.sims import note_cards
from store.access import log_in_waits
from store.devices import devices, lost_messages, sims, tokens
from store.devices.devices import Device, Link
from store.devices.pokes import poke_devices
from store.devices.sealing import Secrets, seal
from store.devices.tokens import Used
from store.gateways import gateways
from store.pool import Connections, Pool


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone that wants to be paired, as it describes itself."""

    protocol: str
    name: str
    device_uuid: str | None = None
    android_version: str | None = None
    app_version: str | None = None
    journal: str | None = None
    """Which log of sent messages it has."""
    cards: Sequence[Card] = ()


@dataclass(frozen=True, slots=True)
class Paired:
    """A phone that was paired."""

    device: Device
    token: str = field(repr=False)
    """Of its session; shown once."""
    account_name: str
    sims: Sequence[Sim]


async def pair(pool: Pool, keyring: Keyring, token: str, phone: Phone, context: Mapping[str, Any]) -> Paired:
    """Pair a phone by a token or a code. ``context`` is that of its request, with the address in ``ip``.

    A phone that its account knows, by what it calls itself or by the token, stays the same device of the same gateway,
    and its former session ends.

    Raises:
        LogInError: the token is unknown, was used, or has expired.
        TooSoonError: too many tries from this address.
        ForbiddenError: the account is suspended; the token can be used later.
        ConflictError: the token is for another phone than this one, which is paired already.
    """
    read = read_pairing_token(token)
    kind, text = read or (TokenKind.TOKEN, "")
    tried = subject(kind, str(context["ip"]))
    if kind is TokenKind.CODE:  # it can be guessed, so a try is counted before it is known whether it fails
        await count_try(pool, tried, OF_CODES)
    try:
        async with change(pool, Actor("system", "devices", context=context), "device.paired") as made:
            paired = await _pair(made, keyring, digest_of(text), phone)
    except LogInError:
        if kind is TokenKind.TOKEN:
            await count_try(pool, tried, OF_TOKENS)
        raise
    if kind is TokenKind.CODE:
        await log_in_waits.give_back(pool, tried)
    return paired


async def _pair(made: Change, keyring: Keyring, digest: bytes, phone: Phone) -> Paired:
    store = made.store
    used = await tokens.use(store, digest)
    if used is None:
        message = "this pairing token is unknown, was used, or has expired: have another one made"
        raise LogInError("pairing_refused", message)
    if used.account_status != "active":
        raise ForbiddenError(f"account_{used.account_status}", f"the account is {used.account_status}")
    before = await _known(store, used, phone) or await _added(store, used, phone)
    session = new_session_token()
    linked = await _linked(store, keyring, before, phone, await _gateway_of(store, before, used), session)
    await tokens.used_by(store, used.id, linked.id)
    await note_cards(store, linked.id, phone.cards)
    if used.account_id != ADMIN_ACCOUNT:
        made.actor = replace(made.actor, type="user", id=str(used.account_id))
    made.about("device", linked.id, linked.name)
    made.metadata |= {"token": str(used.id), "gateway": str(linked.gateway_id), "protocol": linked.protocol}
    async with store.connection() as conn:
        await poke_devices(conn, [linked.id])
    return Paired(linked, session, used.account_name, await sims.of_device(store, linked.id))


async def _known(store: Connections, used: Used, phone: Phone) -> Device | None:
    """The device that this phone is, locked."""
    named = phone.device_uuid and await devices.lock_named(store, used.account_id, phone.device_uuid)
    if used.device_id is None:
        return named or None
    if named and named.id != used.device_id:
        message = f"the token is for another phone: this one is paired as {named.name!r}"
        raise ConflictError("device_known", message)
    return await devices.find(store, used.device_id, used.account_id, lock=True)


async def _added(store: Connections, used: Used, phone: Phone) -> Device:
    """A new device; or the one that another pairing of the same phone has just added."""
    id_ = new_contact_id()
    new = Link(used.gateway_id, phone.protocol, phone.device_uuid, phone.name, b"")
    if await devices.add(store, id_, used.account_id, new):
        found = await devices.find(store, id_, used.account_id, lock=True)
    else:
        found = await devices.lock_named(store, used.account_id, phone.device_uuid or "")
    assert found is not None
    return found


async def _linked(
    store: Connections, keyring: Keyring, before: Device, phone: Phone, gateway_id: UUID, session: str
) -> Device:
    """Begin the session. A phone with another log than it had may have forgotten which messages it sent."""
    remembers = phone.journal is not None and (phone.protocol, phone.journal) == (before.protocol, before.journal)
    if not remembers:
        reason = "the phone was paired again, and may not know any more what it sent"
        await lost_messages.lose(store, before.id, "device_relinked", reason)
    new = Link(
        gateway_id,
        phone.protocol,
        phone.device_uuid or before.device_uuid,
        before.name,
        digest_of(session),
        phone.journal,
        android_version=phone.android_version,
        app_version=phone.app_version,
    )
    if phone.protocol == "smsgate":
        own = Secrets(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
        new = replace(new, sealed=seal(keyring, before.id, own), inbound=digest_of(own.inbound))
    return await devices.link(store, before.id, new)


async def _gateway_of(store: Connections, device: Device, used: Used) -> UUID:
    """A device stays with its gateway, unless that was deleted."""
    try:
        return (await gateways.get(store, device.gateway_id)).id
    except NotFoundError:
        return used.gateway_id
