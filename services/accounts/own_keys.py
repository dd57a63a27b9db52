"""Rules for keys that users make of their own account: a key makes none that may do more than itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.access.api_keys import MintedKey
from domain.access.user_scopes import DEFAULT, Rights
from domain.errors import ConflictError, ForbiddenError, NotFoundError
from domain.keyring import Keyring
from services.accounts.keys import NewKey, issue_user_key, noted
from services.changes import Change
from store.accounts import api_keys
from store.accounts.api_keys import KeyInfo, Network

MOST = 100
"""Valid keys of an account that may make more."""


@dataclass(frozen=True, slots=True)
class Holder:
    """What somebody may do who makes keys: as a key, or as who is logged in."""

    account_id: int
    scopes: Sequence[str]
    allowed_ips: Sequence[Network] | None = None
    """``None``: any."""
    expires_at: datetime | None = None
    """``None``: what it makes need not end."""


async def issue_own_key(change: Change, keyring: Keyring, holder: Holder, new: NewKey) -> MintedKey:
    """Make a key of the holder's account. What ``new`` leaves out is as the holder's.

    Raises:
        ForbiddenError: it could do what the holder may not.
        InvalidError: as in ``issue_user_key``.
        ConflictError: the account has too many.
    """
    wanted = replace(
        new,
        scopes=_usual(holder) if new.scopes is None else new.scopes,
        allowed_ips=holder.allowed_ips if new.allowed_ips is None else new.allowed_ips,
        expires_at=holder.expires_at if new.expires_at is None else new.expires_at,
    )
    assert wanted.scopes is not None
    _check_within(holder, wanted.scopes, wanted.allowed_ips, wanted.expires_at)
    minted = await issue_user_key(change, keyring, holder.account_id, wanted)
    if await api_keys.count_valid(change.store, holder.account_id) > MOST:
        raise ConflictError("too_many_keys", f"an account has at most {MOST} valid keys: revoke those not in use")
    return minted


async def roll_own_key(change: Change, holder: Holder, key_id: str, overlap: int) -> MintedKey:
    """Replace a key of the holder's account by one with the same rights.

    Raises:
        NotFoundError: the account has no such key.
        ForbiddenError: it may do what the holder may not.
        ConflictError: it is revoked or expired.
    """
    change.actor.check_confirmed()
    key = await _find_own(change, holder, key_id)
    if holder.expires_at is not None:
        raise ForbiddenError("grant_denied", "a key that ends replaces none: the new one would outlive it")
    if key.rate_class is not None:
        raise ForbiddenError("grant_denied", "this key has a rate of its own: only staff replaces it")
    _check_within(holder, key.scopes, key.allowed_ips, None)
    return noted(change, await api_keys.roll(change.store, key_id, overlap))


async def revoke_own_key(change: Change, holder: Holder, key_id: str) -> KeyInfo:
    """Revoke a key of the holder's account permanently. A repeat changes nothing.

    Raises:
        NotFoundError: the account has no such key.
        ForbiddenError: it may do what the holder may not.
    """
    key = await _find_own(change, holder, key_id)
    if not Rights.of(holder.scopes).covers(Rights.of(key.scopes)):
        raise _denied()
    await api_keys.revoke(change.store, key_id)
    return await api_keys.get(change.store, key_id)


async def _find_own(change: Change, holder: Holder, key_id: str) -> KeyInfo:
    key = await api_keys.get(change.store, key_id, lock=True)
    if key.account_id != holder.account_id:
        raise NotFoundError("key_not_found", f"There is no key with the id {key_id}.")
    change.about("key", key.id, key.name)
    return key


def _check_within(
    holder: Holder, scopes: Sequence[str], allowed_ips: Sequence[Network] | None, expires_at: datetime | None
) -> None:
    is_within = (
        Rights.of(holder.scopes).covers(Rights.of(scopes))
        and (holder.allowed_ips is None or all(_is_among(each, holder.allowed_ips) for each in allowed_ips or ()))
        and (holder.allowed_ips is None or bool(allowed_ips))
        and (holder.expires_at is None or (expires_at is not None and expires_at <= holder.expires_at))
    )
    if not is_within:
        raise _denied()


def _is_among(network: Network, networks: Sequence[Network]) -> bool:
    return any(
        network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type]  # of one version
        for other in networks
    )


def _usual(holder: Holder) -> list[str]:
    """The scopes of a key that is made without any, as far as its maker has them."""
    return [scope for scope in holder.scopes if scope in DEFAULT or ":" in scope]


def _denied() -> ForbiddenError:
    return ForbiddenError("grant_denied", "a key makes, replaces and revokes none that may do more than itself")
