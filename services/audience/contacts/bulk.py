"""Many contacts in one request."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from domain.audience.contacts.values import read_values
from domain.errors import XsenderError
from services.audience.contacts.changing import API
from services.audience.contacts.upserting import Result, refused, upsert_many
from services.changes import Change
from store.audience.contacts.terms import terms_of

_AT_A_TIME = 10
"""Items that are read before other requests have their turn: some milliseconds."""

Read = Callable[[Any], Mapping[str, Any]]
"""Reads an item that was given. Raises ``XsenderError``, with the place in the item: it is refused."""


async def put_many(
    change: Change, account_id: int, items: Sequence[Any], read: Read, origin: str = API
) -> list[Result]:
    """Change or make contacts, each by itself, in their order."""
    named = {key for item in items if isinstance(item, dict) for key in _texts(item.get("groups"))}
    terms = await terms_of(change.store, account_id, named)
    results: dict[int, Result] = {}
    values: dict[int, Mapping[str, Any]] = {}
    for number, item in enumerate(items):
        try:
            values[number] = read_values(read(item), terms)
        except XsenderError as error:
            results[number] = refused(error)
        if number % _AT_A_TIME == _AT_A_TIME - 1:
            await asyncio.sleep(0)
    written = await upsert_many(change.store, account_id, list(values.values()), origin) if values else []
    results |= dict(zip(values, written, strict=True))
    change.about("user", account_id)
    change.metadata |= counts(list(results.values()))
    return [results[number] for number in range(len(items))]


def counts(results: Sequence[Result]) -> dict[str, int]:
    """How many had which outcome."""
    found = Counter(result.outcome for result in results)
    return {outcome: found[outcome] for outcome in ("created", "updated", "unchanged", "refused")}


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
