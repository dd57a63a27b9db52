"""Rules for API keys that staff makes: a key may do no more than whoever makes it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_network

from domain.access.api_keys import KeyKind, MintedKey
from domain.access.permissions import EVERYTHING, OWNER, PRESETS, checked_permissions, narrowed
from domain.access.user_scopes import KEYS, READ, SEND, Rights, checked_scopes, is_narrowed
from domain.errors import InvalidError, NotFoundError
from domain.keyring import Keyring
from domain.request_rates import RATE_CLASSES
from services.access.staff import check_end, find_member, permissions_of
from services.accounts.users import find_account
from services.changes import Change
from services.sending.sandbox import ensure_sandbox
from store.accounts import api_keys
from store.accounts.api_keys import KeyInfo, Network
from store.gateways.gateways import usable_ids

LARGEST_CAP = 10**12
"""Credits: more than any wallet has."""


def networks(texts: Sequence[str]) -> list[Network]:
    """Addresses and networks, as a key's list has them.

    Raises:
        InvalidError: one of them is neither.
    """
    return [_network(number, text) for number, text in enumerate(texts)]


def fingerprint(text: str) -> str:
    """The SHA-256 of a certificate, as a key keeps it: ``AB:CD:…`` as openssl prints it, or without colons.

    Raises:
        InvalidError: it is none.
    """
    plain = text.replace(":", "").lower()
    if not re.fullmatch("[0-9a-f]{64}", plain):
        message = "this is no SHA-256 of a certificate: openssl x509 -in cert.pem -noout -fingerprint -sha256 prints it"
        raise InvalidError("certificate", message, "/certificate")
    return plain


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be made."""

    name: str = ""
    scopes: Sequence[str] | None = None
    """``None``: all that a key of its kind can have."""
    allowed_ips: Sequence[Network] | None = None
    """``None``: any."""
    expires_at: datetime | None = None
    test: bool = False
    """Whether its messages only pretend to be sent; of users only."""
    rate_class: str | None = None
    """How often it may call, whatever the account may; ``None``: as the account."""
    spend_cap: int | None = None
    """The most credits that its messages may take in a day, on all channels; ``None``: no limit. Of users only."""
    certificate: str | None = None
    """SHA-256 of the client certificate that its requests must come with, as ``fingerprint`` returns it."""


async def issue_user_key(change: Change, keyring: Keyring, user_id: int, new: NewKey) -> MintedKey:
    """Make a key of a user. The first test key makes the sandbox gateways, where the install has none.

    Raises:
        NotFoundError: there is no such user, or it is deleted.
        InvalidError, ForbiddenError: a scope that it cannot have; the end is in the past; limits that make no sense.
    """
    wanted = replace(new, scopes=checked_scopes(new.scopes))
    await find_account(change, user_id)
    await _check_user_key(change, user_id, wanted)
    if new.test:
        await ensure_sandbox(change.store, keyring)
    return await _issue(change, KeyKind.TEST if new.test else KeyKind.USER, user_id, wanted)


async def _check_user_key(change: Change, user_id: int, new: NewKey) -> None:
    assert new.scopes is not None
    rights = Rights.of(new.scopes)
    if KEYS in rights.actions and (new.rate_class, new.spend_cap, new.certificate) != (None,) * 3:
        message = "a key with the scope keys would make others without its limits: leave out the scope, or the limits"
        raise InvalidError("scope_conflict", message, "/scopes")
    if (new.test or is_narrowed(new.scopes)) and (extra := sorted(rights.actions - {SEND, READ})):
        message = f"a test key, or a narrowed one, only sends and reads messages: leave out {', '.join(extra)}"
        raise InvalidError("scope_conflict", message, "/scopes")
    usable = await usable_ids(change.store, user_id, rights.gateways)
    if unknown := sorted(rights.gateways - usable):
        raise InvalidError("gateway_not_found", f"the user has no gateway {', '.join(unknown)}", "/scopes")


async def issue_admin_key(change: Change, new: NewKey) -> MintedKey:
    """Make a key of the admin, which may do everything.

    Raises:
        InvalidError: a scope that it cannot have; the end is in the past.
        ForbiddenError: the actor may not do everything.
    """
    change.actor.check_grant(PRESETS[OWNER])
    if new.scopes is not None:
        api_keys.check_admin_scopes(new.scopes)
    _refuse_user_limits(new)
    return await _issue(change, KeyKind.ADMIN, 0, new)


async def issue_staff_key(change: Change, member_id: int, new: NewKey) -> MintedKey:
    """Make a key of a member of staff: it may do what the role may, narrowed to its scopes, which are permissions.

    Raises:
        NotFoundError: there is no such member.
        InvalidError: a scope is no permission; the end is in the past.
        ForbiddenError: the key could do what the actor may not.
    """
    _refuse_user_limits(new)
    member = await find_member(change, member_id)
    scopes = {EVERYTHING} if new.scopes is None else checked_permissions(new.scopes, "/scopes")
    change.actor.check_grant(narrowed(await permissions_of(change.store, member.role, lock=True), scopes))
    return await _issue(change, KeyKind.STAFF, 0, replace(new, scopes=sorted(scopes)), member_id)


async def _issue(
    change: Change, kind: KeyKind, account_id: int, new: NewKey, member_id: int | None = None
) -> MintedKey:
    change.actor.check_confirmed()
    check_end(new.expires_at)
    if new.rate_class is not None and new.rate_class not in RATE_CLASSES:
        raise InvalidError("rate_class", f"use {', '.join(RATE_CLASSES)}", "/rate_class")
    if new.spend_cap is not None and not 0 < new.spend_cap <= LARGEST_CAP:
        raise InvalidError("spend_cap", f"a key spends from 1 to {LARGEST_CAP:,} credits in a day", "/spend_cap")
    minted = await api_keys.create(
        *(change.store, kind, account_id, new.name, new.scopes, new.allowed_ips, new.expires_at, member_id),
        rate_class=new.rate_class,
        spend_cap=new.spend_cap,
        certificate=new.certificate,
    )
    return noted(change, minted)


def _refuse_user_limits(new: NewKey) -> None:
    for name in ("test", "spend_cap"):
        if getattr(new, name):
            raise InvalidError("key_owner", f"only the key of a user has {name}", f"/{name}")


async def roll_key(change: Change, key_id: str, overlap: int) -> MintedKey:
    """Replace a key by one with the same rights; the old one works for ``overlap`` more seconds.

    Raises:
        NotFoundError: there is no such key.
        ConflictError: it is revoked or expired.
        ForbiddenError: it may do what the actor may not.
    """
    change.actor.check_confirmed()
    await _check_rights(change, await _found(change, key_id))
    return noted(change, await api_keys.roll(change.store, key_id, overlap))


async def revoke_key(change: Change, key_id: str) -> KeyInfo:
    """Revoke a key permanently. A repeat changes nothing.

    Raises:
        NotFoundError: there is no such key.
        ForbiddenError: it may do what the actor may not.
    """
    await _check_rights(change, await _found(change, key_id))
    await api_keys.revoke(change.store, key_id)
    return await api_keys.get(change.store, key_id)


async def _found(change: Change, key_id: str) -> KeyInfo:
    key = await api_keys.get(change.store, key_id, lock=True)
    change.about("key", key.id, key.name)
    return key


async def _check_rights(change: Change, key: KeyInfo) -> None:
    """Whoever could replace a key that may do more would have what they lack."""
    if key.kind == KeyKind.ADMIN:
        change.actor.check_grant(PRESETS[OWNER])
    elif key.staff_id is not None:
        member = await find_member(change, key.staff_id)
        try:
            role = await permissions_of(change.store, member.role, lock=True)
        except NotFoundError:
            return
        change.actor.check_grant(narrowed(role, key.scopes))


def noted(change: Change, minted: MintedKey) -> MintedKey:
    """The key, noted in the log."""
    change.about("key", minted.id)
    return minted


def _network(number: int, text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        message = f"{text} is neither an IP address nor a network such as 192.0.2.0/24"
        raise InvalidError("ip_allow", message, f"/ip_allow/{number}") from None
