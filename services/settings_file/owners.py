"""Owners of objects, as keys of a settings file name them: ``ann@example.com sms/main``, or nobody for the admin."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from domain.errors import InvalidError
from domain.messages.page import ADMIN_ACCOUNT
from store.accounts import accounts
from store.pool import Connections


class Named(NamedTuple):
    """A key taken apart."""

    owner: str
    """The id of a user in another system, or its address; empty: the admin."""
    name: str


def taken_apart(key: str) -> Named:
    """The owner and the name in a key."""
    owner, _, name = key.rpartition(" ")
    return Named(owner, name)


async def find_owner(store: Connections, owner: str) -> int | None:
    """The account of an owner; ``None``: there is none."""
    if not owner:
        return ADMIN_ACCOUNT
    account = await accounts.by_external_id(store, owner) or await accounts.by_email(store, owner)
    return None if account is None else account.id


async def need_owner(store: Connections, owner: str) -> int:
    """The account of an owner.

    Raises:
        InvalidError: there is none.
    """
    if (account_id := await find_owner(store, owner)) is None:
        raise InvalidError("account_not_found", f"there is no user with the external id or the address {owner}")
    return account_id


async def owners_of(store: Connections, keys: Collection[str]) -> Mapping[str, int]:
    """By owner, the accounts of those in these keys that there are; the admin always."""
    found = {"": ADMIN_ACCOUNT}
    for owner in sorted({taken_apart(key).owner for key in keys} - {""}):
        if (account_id := await find_owner(store, owner)) is not None:
            found[owner] = account_id
    return found


def key_of(owner: str, name: str) -> str:
    """The key of an owner's object."""
    return f"{owner} {name}" if owner else name
