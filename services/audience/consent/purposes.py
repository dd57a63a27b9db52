"""Rules for purposes of accounts."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from domain.audience.purposes import (
    BUILT_IN,
    MARKETING,
    MOST_PURPOSES,
    TRANSACTIONAL,
    Purpose,
    is_key,
    with_built_in,
)
from domain.errors import ConflictError, InvalidError, NotFoundError
from services.accounts.users import find_account
from services.changes import Change
from store.audience.consent import purposes
from store.pool import Connections


async def all_of(store: Connections, account_id: int) -> list[Purpose]:
    """All purposes of an account, the built-in ones first."""
    return with_built_in(await purposes.of_account(store, account_id))


async def find(store: Connections, account_id: int, key: str) -> Purpose:
    """One of them.

    Raises:
        NotFoundError: the account has none of this key.
    """
    found = next((purpose for purpose in await all_of(store, account_id) if purpose.key == key), None)
    if found is None:
        raise NotFoundError("purpose_not_found", f"there is no purpose {key!r}")
    return found


async def add(change: Change, account_id: int, new: Purpose) -> Purpose:
    """Make a purpose.

    Raises:
        InvalidError: it contradicts itself, or its key is none.
        ConflictError: the account has it already, or too many.
    """
    if not is_key(new.key):
        message = "a key has 1 to 50 of the characters a-z, 0-9, '-' and '_', and begins with a letter or a digit"
        raise InvalidError("purpose_key", message, "/key")
    _check(new)
    known = await _locked(change, account_id, new.key)
    if any(purpose.key == new.key for purpose in known):
        raise ConflictError("purpose_taken", f"there is a purpose {new.key!r} already: change that one")
    if len(known) >= MOST_PURPOSES:
        message = f"an account has at most {MOST_PURPOSES} purposes: recipients are shown them all"
        raise ConflictError("too_many_purposes", message)
    await purposes.put(change.store, account_id, new)
    change.compare({}, _noted(new))
    return new


async def alter(change: Change, account_id: int, key: str, given: Mapping[str, Any]) -> Purpose:
    """Change fields of a purpose. What was recorded of consent stays.

    Raises:
        NotFoundError: the account has none of this key.
        ConflictError: it is the built-in one that never changes.
        InvalidError: it would contradict itself.
    """
    await _locked(change, account_id, key)
    before = await find(change.store, account_id, key)
    if key == TRANSACTIONAL or (key == MARKETING and given.get("transactional")):
        raise _built_in(f"the purpose {key!r} is built in, and stays as it is in this")
    after = replace(before, **given)
    _check(after)
    await purposes.put(change.store, account_id, after)
    change.compare(_noted(before), _noted(after))
    return after


async def remove(change: Change, account_id: int, key: str) -> None:
    """Have no more messages name a purpose. Those that wait obey its rules still.

    Raises:
        NotFoundError: the account has none of this key.
        ConflictError: it is built in.
    """
    await _locked(change, account_id, key)
    await find(change.store, account_id, key)
    if key in BUILT_IN:
        raise _built_in(f"the purpose {key!r} is built in: it cannot be removed")
    await purposes.remove(change.store, account_id, key)


async def _locked(change: Change, account_id: int, key: str) -> list[Purpose]:
    await find_account(change, account_id)
    change.about("purpose", key)
    return with_built_in(await purposes.of_account(change.store, account_id, lock=True))


def _check(purpose: Purpose) -> None:
    if purpose.transactional and (purpose.default == "opt_in" or purpose.public):
        message = "consent is never asked for transactional messages: their default is opt_out, and they are not public"
        raise InvalidError("purpose_transactional", message, "/transactional")


def _noted(purpose: Purpose) -> dict[str, Any]:
    return asdict(purpose)


def _built_in(message: str) -> ConflictError:
    return ConflictError("purpose_built_in", message)
