"""Rules for plans, shared by the API and the CLI."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from domain.errors import FieldError, invalid, pointer
from domain.merge_patch import merge
from services.changes import Change
from store.accounts import plans
from store.accounts.plans import NewPlan, Plan


def checked_plan(form: Any) -> NewPlan:
    """A whole plan, as it stands in JSON.

    Raises:
        InvalidError: it cannot be one; each place that does not fit is named.
    """
    try:
        return NewPlan.model_validate_json(json.dumps(form))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise invalid([_field_error(e["loc"], e["type"], e["msg"]) for e in found]) from None


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
    change.compare({}, _form(plan))
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
    change.compare(_form(before), _form(after))
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


def _form(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in NewPlan.model_fields}
