"""Contacts that are given, each as a change of who is there already, or as somebody new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from domain.audience.contacts.contact import Contact
from domain.audience.contacts.matching import Item, Outcome, Plan, placed
from domain.errors import ConflictError, FieldError, XsenderError
from store.audience.contacts import matching, rows
from store.audience.contacts.rows import TakenMeanwhile
from store.pool import Connections

MOST_ITEMS = 1000
"""Contacts that are given at once."""

_ROUNDS = 5
"""How often it is looked who is there, if other sessions write the same people meanwhile."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one that was given."""

    outcome: Outcome | Literal["refused"]
    contact_id: UUID | None = None
    errors: list[FieldError] = field(default_factory=list)
    """Their places are in what was given."""
    error: XsenderError | None = None


async def upsert_many(
    store: Connections, account_id: int, given: Sequence[Mapping[str, Any]], origin: str
) -> list[Result]:
    """Write contacts whose values were read by ``read_values``, in a transaction, in their order.

    Who has the external id is changed, else who has one of the addresses, else somebody is new. What is not given
    stays. Each is refused by itself.
    """
    try:
        return (await _written(store, account_id, given, origin))[0]
    except ConflictError:
        if len(given) == 1:
            raise
    results = []
    for one in given:  # so that those who are not written elsewhere at this moment get through
        try:
            results += (await _written(store, account_id, [one], origin))[0]
        except ConflictError as error:
            results.append(refused(error))
    return results


async def upsert(
    store: Connections, account_id: int, given: Mapping[str, Any], origin: str, *, must_be_new: bool = False
) -> tuple[Result, Contact, Contact | None]:
    """The same for one contact: the contact, and as it was before. ``must_be_new``: nobody who is there is changed.

    Raises:
        ConflictError: it is about several contacts, or one with another external id; or it is not new.
        InvalidError: it has no address.
    """
    results, after, before = await _written(store, account_id, [given], origin, must_be_new=must_be_new)
    (result,) = results
    if result.error is not None:
        raise result.error
    assert result.contact_id is not None
    return result, after[result.contact_id], before.get(result.contact_id)


def refused(error: XsenderError) -> Result:
    """The result of one that is refused."""
    return Result("refused", None, placed(error), error)


async def _written(
    store: Connections, account_id: int, given: Sequence[Mapping[str, Any]], origin: str, *, must_be_new: bool = False
) -> tuple[list[Result], dict[UUID, Contact], dict[UUID, Contact]]:
    for _ in range(_ROUNDS):
        found = await matching.match(store, account_id, given)
        before: dict[UUID, Contact] = {}
        if any(owners for _, owners in found):
            ids = {contact_id for _, owners in found for contact_id in owners.values()}
            before = await rows.lock(store, account_id, list(ids))
            found = await matching.match(store, account_id, given)  # by now nobody else changes them
            if not before.keys() >= {contact_id for _, owners in found for contact_id in owners.values()}:
                continue
        owned = {key: owner for _, owners in found for key, owner in owners.items()}
        plan = Plan(account_id, origin, datetime.now(UTC), dict(before), owned)
        results = [_apply(plan, Item(one, keys, must_be_new)) for one, (keys, _) in zip(given, found, strict=True)]
        try:
            written = await rows.write(store, plan.new, plan.altered)
        except TakenMeanwhile:
            continue
        return results, {**plan.contacts, **{contact.id: contact for contact in written}}, before
    message = "others change the same contacts at this moment: try again"
    raise ConflictError("contact_busy", message)


def _apply(plan: Plan, item: Item) -> Result:
    try:
        return Result(*plan.apply(item))
    except XsenderError as error:
        return refused(error)
