"""Rules for accounts, shared by the API and the CLI."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.recipients import InvalidRecipient, is_region, normalise_email
from services.changes import Change
from services.settings.current import read_current
from store.accounts import accounts, credits, subscriptions
from store.accounts.accounts import Account
from store.credits.transfers import transfer
from store.operations import operations, purging
from store.operations.operations import Operation
from store.pool import Connections

CANCEL_WAITING = "messages.cancel_waiting"
"""The kind of operation that cancels a suspended account's waiting messages."""

LONGEST_NAME = 200
_EXTERNAL_ID = re.compile(r"[!-~]{1,200}")
_PERSONAL = ("email", "name")
_COMPARED = ("email", "name", "status", "external_id", "time_zone", "default_region", "plan", "plan_renews")


def checked_name(name: str) -> str:
    """A person's or company's name, without spaces around it.

    Raises:
        InvalidError: it cannot be one.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidError("name", f"the name must have 1 to {LONGEST_NAME} printable characters", "/name")
    return name


def checked_email(email: str) -> str:
    """The email address of an account or of staff.

    Raises:
        InvalidError: it cannot be one.
    """
    try:
        return normalise_email(email)
    except InvalidRecipient as error:
        raise InvalidError(error.code, error.message, "/email") from None


def _checked_external_id(external_id: str | None) -> str | None:
    if external_id is not None and not _EXTERNAL_ID.fullmatch(external_id):
        message = "an external_id has 1 to 200 printable ASCII characters, without spaces"
        raise InvalidError("external_id", message, "/external_id")
    return external_id


async def create_account(
    pool: Connections, email: str, name: str, plan: str | None = None, external_id: str | None = None
) -> Account:
    """Create an account with an empty wallet on every channel; a plan's credits are added.

    Raises:
        InvalidError: the name, the email address, or the external id cannot be one.
        ConflictError: another account has this email address, or this external id.
        NotFoundError: there is no such plan.
    """
    external = _checked_external_id(external_id)
    return await accounts.create(pool, checked_email(email), checked_name(name), plan, uuid4(), external)


async def add_account(change: Change, wanted: Mapping[str, Any]) -> Account:
    """``create_account`` as a logged change; ``wanted`` may have a time zone, else it has the install's, and a region.

    Raises:
        InvalidError, ConflictError, NotFoundError: as there; there is no such time zone, or no such region.
    """
    account = await create_account(
        change.store, wanted["email"], wanted["name"], wanted.get("plan"), wanted.get("external_id")
    )
    change.about("user", account.id, account.name)
    where = {name: wanted[name] for name in ("time_zone", "default_region") if wanted.get(name) is not None}
    where.setdefault("time_zone", await _default_zone(change))
    if where != {"time_zone": account.time_zone}:
        account = await _update(change, account, where)
    change.compare({}, _compared(account), hidden=_PERSONAL)
    return account


async def change_account(change: Change, account_id: int, patch: Mapping[str, Any]) -> Account:
    """Change address, name, external id, time zone or region of an account.

    Raises:
        InvalidError, ConflictError: as in ``add_account``.
        NotFoundError: there is no such account, or it is deleted.
    """
    before = await find_account(change, account_id)
    after = await _update(change, before, patch)
    change.compare(_compared(before), _compared(after), hidden=_PERSONAL)
    return after


async def put_account(change: Change, external_id: str, wanted: Mapping[str, Any]) -> tuple[Account, bool]:
    """Create the account with this id in another system, or change it. Returns whether it is new.

    Raises:
        InvalidError, ConflictError, NotFoundError: as in ``add_account``.
    """
    found = await accounts.by_external_id(change.store, external_id)
    if found is None:
        return await add_account(change, {**wanted, "external_id": external_id}), True
    patch = {name: value for name, value in wanted.items() if name != "plan"}
    if "time_zone" in patch and patch["time_zone"] is None:
        patch["time_zone"] = await _default_zone(change)
    account = await change_account(change, found.id, patch)
    if wanted.get("plan") is not None:
        account = await assign_plan(change, found.id, wanted["plan"])
    return account, False


async def suspend_account(
    change: Change, account_id: int, *, cancel_waiting: bool = True
) -> tuple[Account, Operation | None]:
    """Suspend an account. Its waiting messages are cancelled, by an operation that is returned, or wait.

    A repeat changes nothing, except for what becomes of waiting messages.

    Raises:
        NotFoundError: there is no such account, or it is deleted.
    """
    before = await find_account(change, account_id)
    await accounts.suspend(change.store, account_id, cancels_waiting=cancel_waiting)
    after = await changed_account(change, before)
    change.metadata["waiting"] = "cancel" if cancel_waiting else "keep"
    if not cancel_waiting:
        return after, None
    operation = await operations.open_of(change.store, account_id, CANCEL_WAITING)
    operation = operation or await operations.add(change.store, CANCEL_WAITING, change.actor, {}, account_id)
    return after, operation


async def resume_account(change: Change, account_id: int) -> Account:
    """Resume a suspended account. A repeat changes nothing.

    Raises:
        NotFoundError: there is no such account, or it is deleted.
    """
    before = await find_account(change, account_id)
    await accounts.resume(change.store, account_id)
    return await changed_account(change, before)


async def delete_account(change: Change, account_id: int) -> Account:
    """Delete an account; its keys are revoked, its callbacks disabled.

    Raises:
        NotFoundError: there is no such account, or it is deleted.
    """
    before = await find_account(change, account_id)
    await accounts.delete(change.store, account_id)
    return await changed_account(change, before)


async def restore_account(change: Change, account_id: int) -> Account:
    """Take back a deletion. Its keys stay revoked, and its callbacks disabled.

    Raises:
        NotFoundError: there is no such account.
        ConflictError: it is not deleted; its data was removed; another account has its address or its external id now.
    """
    before = await accounts.lock(change.store, account_id)
    change.about("user", before.id, before.name)
    if before.status != "deleted":
        raise ConflictError("not_deleted", f"the user {account_id} is not deleted")
    await check_not_purged(change, account_id)
    await accounts.restore(change.store, account_id)
    return await changed_account(change, before)


async def check_not_purged(change: Change, account_id: int) -> None:
    """Refuse what needs data that was removed.

    Raises:
        ConflictError: it was removed, or is being removed.
    """
    if await purging.is_purged(change.store, account_id):
        raise ConflictError("account_purged", f"the data of the user {account_id} was removed")


async def begin_plan(change: Change, account_id: int, plan: str, *, renews: bool = True) -> Account:
    """Give an account a plan from now, and grant the plan's credits. Those left from before stay. A plan that was
    scheduled for it is dropped.

    Raises:
        NotFoundError: there is no such account, or no such plan.
    """
    before = await find_account(change, account_id)
    await accounts.assign_plan(change.store, account_id, plan, uuid4(), renews=renews)
    await subscriptions.drop_change(change.store, account_id)
    return await changed_account(change, before)


async def assign_plan(change: Change, account_id: int, plan: str, *, renews: bool = True) -> Account:
    """``begin_plan``, unless it has this plan: that goes on unchanged, so a repeat grants nothing more.

    Raises:
        NotFoundError: there is no such account, or no such plan.
    """
    before = await find_account(change, account_id)
    if before.plan != plan or _has_ended(before):
        return await begin_plan(change, account_id, plan, renews=renews)
    return await set_renewal(change, account_id, renews=renews)


async def set_renewal(change: Change, account_id: int, *, renews: bool) -> Account:
    """Have an account's plan renew whenever its period ends, or end with the current period.

    Raises:
        NotFoundError: there is no such account, or it is deleted.
        ConflictError: it has no plan.
    """
    before = await find_account(change, account_id)
    await accounts.set_renewal(change.store, account_id, renews)
    return await changed_account(change, before)


def _has_ended(account: Account) -> bool:
    return account.plan_expires_at is not None and account.plan_expires_at <= datetime.now(UTC)


async def move_credits(change: Change, account_id: int, channel: str, amount: int, entry_id: UUID) -> credits.Wallet:
    """Grant credits, or deduct them if the amount is negative, once per ``entry_id``. Returns the wallet afterwards.

    Raises:
        InvalidError: the amount is 0, or too large.
        NotFoundError: there is no such account, or it is deleted.
        InsufficientCreditError: less than that is available.
        ConflictError: ``entry_id`` was used for something else.
    """
    await find_account(change, account_id)
    change.metadata |= {"channel": channel, "amount": amount}
    if amount > 0:
        change.may_need_approval("top_up", amount)
    move = credits.top_up if amount >= 0 else credits.deduct
    return await move(change.store, account_id, channel, abs(amount), change.reason, entry_id)


async def transfer_credits(
    change: Change, from_id: int, to_id: int, channel: str, amount: int, entry_id: UUID
) -> dict[str, credits.Wallet]:
    """Move available credits from one account to another. Returns both wallets, as ``from`` and ``to``.

    Raises:
        InvalidError: the amount cannot be one, or both accounts are the same.
        ForbiddenError: the actor may move credits of the other account only.
        NotFoundError: there is no such account, or it is deleted.
        InsufficientCreditError: less than that is available.
    """
    if from_id == to_id:
        raise InvalidError("to", "credits go to another user", "/to")
    change.actor.check_on("credits:write", account=to_id)
    for account_id in sorted((from_id, to_id)):  # in one order, so that two that cross cannot deadlock
        await accounts.lock(change.store, account_id)
    await find_account(change, from_id)
    await find_account(change, to_id)
    change.metadata |= {"channel": channel, "amount": amount, "to": to_id}
    change.may_need_approval("top_up", amount)
    await transfer(change.store, from_id, to_id, channel, amount, change.reason, entry_id)
    return {
        side: (await credits.show(change.store, account_id))[channel]
        for side, account_id in (("from", from_id), ("to", to_id))
    }


async def find_account(change: Change, account_id: int) -> Account:
    """The account that a change is about; nobody else changes it meanwhile.

    Raises:
        NotFoundError: there is no such account, or it is deleted.
    """
    account = await accounts.lock(change.store, account_id)
    change.about("user", account.id, account.name)
    if account.status == "deleted":
        raise NotFoundError("account_not_found", f"There is no user {account_id}: it was deleted, and can be restored.")
    return account


async def _default_zone(change: Change) -> str:
    return (await read_current(change.store, {})).default_time_zone


async def _update(change: Change, account: Account, patch: Mapping[str, Any]) -> Account:
    values = {**asdict(account), **patch}
    region = values["default_region"] and values["default_region"].upper()
    if region is not None and not is_region(region):
        message = f"There is no country {region}: use its two letters, such as FR."
        raise InvalidError("default_region", message, "/region")
    await accounts.update(
        change.store,
        account.id,
        checked_email(values["email"]) if "email" in patch else account.email,
        checked_name(values["name"]),
        _checked_external_id(values["external_id"]),
        values["time_zone"],
        region,
    )
    return await accounts.get(change.store, account.id)


async def changed_account(change: Change, before: Account) -> Account:
    """The account after a change, which is noted."""
    after = await accounts.get(change.store, before.id)
    change.compare(_compared(before), _compared(after), hidden=_PERSONAL)
    return after


def _compared(account: Account) -> dict[str, Any]:
    return {name: getattr(account, name) for name in _COMPARED}
