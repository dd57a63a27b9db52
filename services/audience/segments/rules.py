"""Rules for saved segments, and for what is asked of them."""

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.audience.conditions.evaluating import Trace, evaluate
from domain.audience.conditions.parsing import OF_CONTACTS, parse_condition
from domain.audience.conditions.tree import Condition, as_json
from domain.errors import ConflictError, InvalidError, NotFoundError
from services.accounts.users import find_account
from services.changes import Change
from store.audience.segments import saved
from store.audience.segments.facts import facts_of
from store.audience.segments.saved import Segment
from store.pool import Connections

MOST = 500
"""Segments of an account."""

_KEY = re.compile("[a-z0-9][a-z0-9_-]{0,99}")


def read_condition(raw: Any) -> Condition:
    """The condition of a segment: contacts are all that it knows.

    Raises:
        InvalidError: it is none.
    """
    return parse_condition(raw, roots=OF_CONTACTS)


async def find(store: Connections, account_id: int, id_: int | None = None, key: str | None = None) -> Segment:
    """A segment of the account, by its id or its key.

    Raises:
        NotFoundError: it has none.
    """
    found = await saved.find(store, account_id, id_, key)
    if found is None:
        raise _not_found()
    return found


async def add(change: Change, account_id: int, key: str, name: str, raw: Any) -> Segment:
    """Save a condition.

    Raises:
        InvalidError: key or condition is none.
        ConflictError: the key is taken, or the account has too many.
    """
    await find_account(change, account_id)
    _check_key(key)
    condition = as_json(read_condition(raw))
    made = await saved.add(change.store, account_id, key, name, condition)
    change.about("segment", made.id, key)
    if await saved.count(change.store, account_id) > MOST:
        raise ConflictError("too_many_segments", f"an account has at most {MOST} segments: delete those not in use")
    change.compare({}, _noted(made))
    return made


async def put(change: Change, account_id: int, key: str, name: str | None, raw: Any) -> Segment:
    """Save a condition under a key, whether there is one already or not. ``name``: left out, as it was, or the key.

    Raises:
        InvalidError: key or condition is none.
        ConflictError: the account has too many.
    """
    found = await saved.find(change.store, account_id, key=key)
    if found is None:
        return await add(change, account_id, key, name or key, raw)
    return await alter(change, account_id, found.id, {"name": name or found.name, "condition": raw})


async def alter(change: Change, account_id: int, id_: int, given: Mapping[str, Any]) -> Segment:
    """Change key, name or condition of a segment.

    Raises:
        NotFoundError: the account has no such segment.
        InvalidError: key or condition is none.
        ConflictError: the key is taken.
    """
    before = await _locked(change, account_id, id_)
    given = dict(given)
    if "key" in given:
        _check_key(given["key"])
    if "condition" in given:
        given["condition"] = as_json(read_condition(given["condition"]))
    after = await saved.change(change.store, replace(before, **given))
    change.compare(_noted(before), _noted(after))
    return after


async def remove(change: Change, account_id: int, id_: int) -> Segment:
    """Delete a segment. Its contacts stay.

    Raises:
        NotFoundError: the account has no such segment.
    """
    before = await _locked(change, account_id, id_)
    await saved.remove(change.store, id_)
    return before


async def explain(store: Connections, account_id: int, condition: Condition, contact_id: UUID) -> Trace:
    """Why a contact meets a condition, or not.

    Raises:
        NotFoundError: the account has no such contact.
    """
    facts = await facts_of(store, account_id, contact_id, condition, datetime.now(UTC))
    if facts is None:
        raise NotFoundError("contact_not_found", "there is no contact with this id")
    return evaluate(condition, facts)


async def _locked(change: Change, account_id: int, id_: int) -> Segment:
    await find_account(change, account_id)
    found = await saved.find(change.store, account_id, id_, lock=True)
    if found is None:
        raise _not_found()
    change.about("segment", id_, found.key)
    return found


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        message = "a key has 1 to 100 of the characters a-z, 0-9, '-' and '_', and begins with a letter or a digit"
        raise InvalidError("segment_key", message, "/key")


def _noted(segment: Segment) -> dict[str, Any]:
    return {name: value for name, value in asdict(segment).items() if name in ("key", "name", "condition")}


def _not_found() -> NotFoundError:
    return NotFoundError("segment_not_found", "there is no such segment: GET /api/segments lists yours")
