"""Rules for plans, shared by the API and the CLI."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from domain.errors import FieldError, invalid, pointer
from domain.merge_patch import merge
from domain.validation.sentences import in_words
from services.changes import Change
from store.accounts import plans
from store.accounts.plans import NewPlan, Plan, PlanRate

_MOST_TOLD = 50
"""Rates that the audit log names."""


def checked_plan(form: Any) -> NewPlan:
    """A whole plan, as it stands in JSON.

    Raises:
        InvalidError: it cannot be one; each place that does not fit is named.
    """
    try:
        plan = NewPlan.model_validate_json(json.dumps(form))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise invalid([_field_error(e["loc"], e["type"], in_words(e)) for e in found]) from None
    if repeated := _repeated(plan.rates):
        raise invalid(repeated)
    return plan


def _repeated(rates: Sequence[PlanRate]) -> list[FieldError]:
    """An error for each rate that is for the same messages as an earlier one."""
    first: dict[tuple[Any, ...], int] = {}
    errors = []
    for place, rate in enumerate(rates):
        known = first.setdefault((rate.channel, rate.prefix, rate.category), place)
        if known != place:
            message = f"rate {known} has this channel, prefix and category already: leave one of them out"
            errors.append(FieldError(pointer("rates", place), "rate_repeated", message))
    return errors


def _field_error(loc: tuple[int | str, ...], code: str, message: str) -> FieldError:
    if loc[-1:] == ("[key]",):  # a word that pydantic adds for a wrong key
        loc = loc[:-1]
    if code == "model_type":  # pydantic names the model's class here, which is meaningless to a caller
        return FieldError(pointer(*loc), "object_type", "must be a JSON object")
    return FieldError(pointer(*loc), code, message)


async def create_plan(change: Change, new: NewPlan) -> Plan:
    """Create a plan.

    Raises:
        ConflictError: there is a plan of this name.
        InvalidError: the admin has no gateway of one of the identifiers.
    """
    plan = await plans.create(change.store, new)
    change.about("plan", plan.id, plan.name)
    _compare(change, {"rates": []}, _form(plan))
    return plan


async def change_plan(change: Change, wanted: int | str, patch: Mapping[str, Any]) -> Plan:
    """Change a plan, given by id or name, as a JSON Merge Patch (RFC 7396) says: what ``null`` removes has its default.

    For accounts that have it limits, gateways and rate class count from the next request on; credits and period from
    the next renewal on.

    Raises:
        NotFoundError: there is no such plan.
        ConflictError, InvalidError: as in ``create_plan``; the changed plan cannot be one.
    """
    before = await find_plan(change, wanted)
    new = checked_plan(merge(_form(before), patch))
    await plans.update(change.store, before.id, new, keep_gateways="gateways" not in patch)
    after = await plans.get(change.store, new.name)
    _compare(change, _form(before), _form(after))
    return after


async def delete_plan(change: Change, wanted: int | str) -> None:
    """Delete a plan, given by id or name, that nobody has.

    Raises:
        NotFoundError: there is no such plan.
        ConflictError: somebody has it.
    """
    plan = await find_plan(change, wanted)
    await plans.delete(change.store, plan.id)


async def find_plan(change: Change, wanted: int | str) -> Plan:
    """The plan that a change is about; nobody else changes or assigns it meanwhile.

    Raises:
        NotFoundError: there is no such plan.
    """
    plan = await plans.lock(change.store, (await plans.find(change.store, wanted)).id)
    change.about("plan", plan.id, plan.name)
    return plan


def _compare(change: Change, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Of rates, of which there may be thousands, the log tells those that went and those that came."""
    rates, new_rates = before.pop("rates"), after.pop("rates")
    change.compare(before, after)
    gone, come = _without(rates, new_rates), _without(new_rates, rates)
    if gone or come:
        change.compare({"rates": gone[:_MOST_TOLD]}, {"rates": come[:_MOST_TOLD]})
        change.metadata |= {"rates_removed": len(gone), "rates_added": len(come)}


def _without(rates: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {_kind_and_price(rate) for rate in others}
    return [rate for rate in rates if _kind_and_price(rate) not in known]


def _kind_and_price(rate: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(rate[name] for name in PlanRate.model_fields)


def _form(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in NewPlan.model_fields}
