"""Hooks: addresses that other systems post to, which begin runs."""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.audience.conditions.values import duration
from domain.audience.contacts.contact import new_contact_id
from domain.automations.hooks.prepared import presets
from domain.automations.hooks.schemes import GIVEN_BY_PROVIDER, scheme_of
from domain.callbacks import new_secret
from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.keyring import Keyring
from gateways.webhooks.standard_webhooks import key_of
from services.accounts.users import find_account
from services.changes import Change
from store.automations.hooks import hooks, sealing
from store.automations.hooks.hooks import Hook, NewHook
from store.pool import Connections

MOST = 200
"""Hooks of an account."""
TOKEN = re.compile("[a-z2-7]{52}")
"""What is secret in an address: 256 bits."""
LONGEST_OVERLAP = timedelta(days=30)

_LEAST_SECRET = 8
_MOST_SECRET = 500
_NO_LETTERS = re.compile("[^a-z0-9]+")
_RESERVED = ("presets",)
"""Words of the API's own."""


@dataclass(frozen=True, slots=True)
class Made:
    """A hook, and what is shown of it once."""

    hook: Hook
    token: str | None = field(default=None, repr=False)
    """The secret of its address."""
    secret: str | None = field(default=None, repr=False)
    """What posts are to be signed with, if we chose it."""


async def find(store: Connections, account_id: int, key: str, *, lock: bool = False) -> Hook:
    """A hook of an account.

    Raises:
        NotFoundError: there is none with this key.
    """
    found = await hooks.find(store, account_id, key, lock=lock)
    if found is None:
        raise NotFoundError("hook_not_found", f"there is no hook {key!r}: GET /api/hooks lists yours")
    return found


async def add(
    change: Change,
    keyring: Keyring,
    account_id: int,
    name: str,
    preset: str | None = None,
    settings: Mapping[str, Any] | None = None,
    secret: str | None = None,
) -> Made:
    """Make a hook. What is shown once comes along.

    Args:
        preset: The system that posts; ``settings`` go before what it says.
        secret: What posts are signed with; ``None``: we choose it, unless only the provider can.

    Raises:
        InvalidError: the name has no letters or digits, there is no such preset, or the secret cannot be one.
        ConflictError: there is a hook with this name, or the account has too many.
    """
    key = _NO_LETTERS.sub("-", name.lower()).strip("-")[:100]
    if not key or key in _RESERVED:
        message = "a hook's name needs letters a-z or digits, as automations name it by them; 'presets' is taken"
        raise InvalidError("hook_name", message, "/name")
    change.about("hook", key, name)
    await find_account(change, account_id)
    if await hooks.count(change.store, account_id) >= MOST:
        raise ConflictError("too_many_hooks", f"an account has at most {MOST} hooks: delete those not in use")
    chosen = _unsigned({**_of_preset(preset), **(settings or {})})
    style = (chosen.get("auth") or {}).get("style")
    minted = None
    if secret is not None:
        _check_secret(style, secret)
    elif style is not None and style not in GIVEN_BY_PROVIDER:
        secret = minted = _minted(style)
    id_, token = new_contact_id(), _token()
    sealed = None if secret is None or style is None else sealing.seal(keyring, id_, [(secret, None)])
    await hooks.add(change.store, NewHook(id_, account_id, key, name, digest_of(token), chosen, sealed))
    made = await find(change.store, account_id, key)
    change.compare({}, _audited(made))
    return Made(made, token, minted)


async def alter(
    change: Change, keyring: Keyring, account_id: int, key: str, settings: Mapping[str, Any], secret: str | None = None
) -> Hook:
    """Change some settings. ``secret``: what posts are signed with from now on.

    Raises:
        NotFoundError: there is no such hook.
        InvalidError: the secret cannot be one, or one has to be given with another style.
    """
    before = await find(change.store, account_id, key, lock=True)
    change.about("hook", before.key, before.name)
    chosen = _unsigned(settings)
    style = (chosen.get("auth", before.auth) or {}).get("style")
    if secret is None and style is not None and style != (before.auth or {}).get("style"):
        raise InvalidError("hook_secret", "give the secret that posts are signed with in this way", "/secret")
    if chosen:
        await hooks.change(change.store, before.id, chosen)
    if secret is not None:
        if style is None:
            raise _not_signed()
        _check_secret(style, secret)
        await sealing.replace(change.store, keyring, before.id, secret)
        change.compare({"secret": 0}, {"secret": 1}, ["secret"])
    after = await find(change.store, account_id, key)
    change.compare(_audited(before), _audited(after))
    return after


async def rotate_id(change: Change, account_id: int, key: str, overlap: timedelta) -> Made:
    """Give a hook another address, which is shown once. The one before works a while longer.

    Raises:
        NotFoundError: there is no such hook.
    """
    before = await find(change.store, account_id, key, lock=True)
    token = _token()
    await hooks.rotate(change.store, before.id, digest_of(token), datetime.now(UTC) + overlap)
    change.about("hook", before.key, before.name)
    change.compare({"id": 0}, {"id": 1}, ["id"])
    change.metadata["overlap_seconds"] = int(overlap.total_seconds())
    return Made(await find(change.store, account_id, key), token)


async def rotate_secret(
    change: Change, keyring: Keyring, account_id: int, key: str, overlap: timedelta, secret: str | None = None
) -> Made:
    """Have posts be signed with another secret; the one before counts a while longer.

    Raises:
        NotFoundError: there is no such hook.
        ConflictError: its posts are not signed.
        InvalidError: the secret cannot be one, or has to be given, as only the provider can choose it.
    """
    before = await find(change.store, account_id, key, lock=True)
    style, minted = (before.auth or {}).get("style"), None
    if style is None:
        raise _not_signed()
    if secret is None:
        if style in GIVEN_BY_PROVIDER:
            raise InvalidError("hook_secret", "give the secret that the provider shows", "/secret")
        secret = minted = _minted(style)
    _check_secret(style, secret)
    await sealing.rotate(change.store, keyring, before.id, secret, datetime.now(UTC) + overlap)
    change.about("hook", before.key, before.name)
    change.compare({"secret": 0}, {"secret": 1}, ["secret"])
    change.metadata["overlap_seconds"] = int(overlap.total_seconds())
    return Made(await find(change.store, account_id, key), secret=minted)


async def remove(change: Change, account_id: int, key: str) -> None:
    """Delete a hook: what is posted to it is refused from now on.

    Raises:
        NotFoundError: there is none with this key.
    """
    await find(change.store, account_id, key)
    await hooks.remove(change.store, account_id, key)
    change.about("hook", key)


def read_overlap(text: str) -> timedelta:
    """How long what came before works: ``24h``, or ``0``.

    Raises:
        InvalidError: it is no length of time, or too long.
    """
    try:
        overlap = timedelta() if text == "0" else duration(text)
    except ValueError:
        raise InvalidError(
            "overlap", f"{text} is no length of time: write 90s, 15m, 24h, 7d, or 0", "/overlap"
        ) from None
    if overlap > LONGEST_OVERLAP:
        raise InvalidError("overlap", f"{text} is too long: {LONGEST_OVERLAP.days} days are the most", "/overlap")
    return overlap


def digest_of(token: str) -> bytes:
    """What is kept of the secret of an address."""
    return hashlib.sha256(token.encode()).digest()


def _of_preset(name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    preset = presets().get(name)
    if preset is None:
        raise InvalidError("preset", f"there is no preset {name!r}: choose of {', '.join(presets())}", "/preset")
    return {
        "preset": name,
        "auth": dict(preset.auth),
        "map": preset.map,
        "delivery": preset.delivery,
        "topic": preset.topic,
        "unusable": preset.unusable,
    }


def _unsigned(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in the form in which they are stored: no style is no ``auth``."""
    chosen = dict(settings)
    if "auth" in chosen and scheme_of(chosen["auth"]) is None:
        chosen["auth"] = None
    return chosen


def _token() -> str:
    return base64.b32encode(secrets.token_bytes(32)).decode().rstrip("=").lower()


def _minted(style: str) -> str:
    return new_secret() if style == "standard_webhooks" else secrets.token_urlsafe(32)


def _check_secret(style: str | None, secret: str) -> None:
    if style == "standard_webhooks":
        try:
            key_of(secret)
        except ValueError as error:
            raise InvalidError("hook_secret", f"the secret {error}", "/secret") from None
    if not _LEAST_SECRET <= len(secret) <= _MOST_SECRET or not secret.isprintable() or not secret.isascii():
        message = f"a secret has {_LEAST_SECRET} to {_MOST_SECRET} printable ASCII characters"
        raise InvalidError("hook_secret", message, "/secret")


def _not_signed() -> ConflictError:
    return ConflictError("hook_not_signed", "posts to this hook are not signed: first choose how, with auth")


def _audited(hook: Hook) -> dict[str, Any]:
    ips = None if hook.allowed_ips is None else [str(network) for network in hook.allowed_ips]
    return {name: getattr(hook, name) for name in hooks.SETTINGS} | {"allowed_ips": ips}
