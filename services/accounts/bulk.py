"""Many changes of users at once: each by the rule of the same single change, with a result of its own."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from domain.access.actors import Actor
from domain.errors import InvalidError, XsenderError
from services.accounts import users as rules
from services.changes import Change, Changes
from store.accounts import plans

MOST_ITEMS = 1_000
AT_ONCE = 100
"""Items that are done while the caller waits. More become an operation."""

Item = Mapping[str, Any]
"""``action``, and the fields of that action."""
Result = dict[str, Any]
_Rule = Callable[[Change, Item, UUID], Awaitable[int]]


async def _create(made: Change, item: Item, _: UUID) -> int:
    return (await rules.add_account(made, await _with_plan(made, item))).id


async def _upsert(made: Change, item: Item, _: UUID) -> int:
    account, _new = await rules.put_account(made, item["external_id"], await _with_plan(made, item))
    return account.id


async def _suspend(made: Change, item: Item, _: UUID) -> int:
    made.reason = item.get("reason", "")
    cancel_waiting = item.get("waiting", "cancel") == "cancel"
    account, _operation = await rules.suspend_account(made, item["user"], cancel_waiting=cancel_waiting)
    return account.id


async def _resume(made: Change, item: Item, _: UUID) -> int:
    made.reason = item.get("reason", "")
    return (await rules.resume_account(made, item["user"])).id


async def _delete(made: Change, item: Item, _: UUID) -> int:
    return (await rules.delete_account(made, item["user"])).id


async def _assign_plan(made: Change, item: Item, _: UUID) -> int:
    name = await plans.name_of(made.store, item["plan"])
    return (await rules.assign_plan(made, item["user"], name, renews=item.get("renews", True))).id


async def _move_credits(made: Change, item: Item, entry_id: UUID) -> int:
    made.reason = item.get("reason", "")
    await rules.move_credits(made, item["user"], item["channel"], item["amount"], entry_id)
    return int(item["user"])


async def _with_plan(made: Change, item: Item) -> dict[str, Any]:
    wanted = {name: value for name, value in item.items() if name not in ("action", "external_id")}
    if item["action"] == "create":
        wanted["external_id"] = item.get("external_id")
    if wanted.get("plan") is not None:
        wanted["plan"] = await plans.name_of(made.store, wanted["plan"])
    return wanted


ACTIONS: dict[str, tuple[str, str, _Rule]] = {
    "create": ("users:write", "user.created", _create),
    "upsert": ("users:write", "user.put", _upsert),
    "suspend": ("users:write", "user.suspended", _suspend),
    "resume": ("users:write", "user.resumed", _resume),
    "delete": ("users:delete", "user.deleted", _delete),
    "assign_plan": ("users:write", "user.plan_assigned", _assign_plan),
    "credits": ("credits:write", "user.credits_moved", _move_credits),
}
"""By action: the permission that it needs, its name in the audit log, its rule."""


def check_permissions(actor: Actor, items: Iterable[Item]) -> None:
    """Refuse the whole list if the actor may not do one of its actions.

    Raises:
        ForbiddenError: it lacks a permission.
    """
    for permission in sorted({ACTIONS[item["action"]][0] for item in items}):
        actor.check(permission)


async def apply(made: Changes, items: Sequence[Item], id_: UUID, first: int = 0) -> list[Result]:
    """Do these items, one after the other; one that is refused changes nothing, the others are done.

    ``id_`` identifies the list, and ``first`` is the number of the first item in it: a repeat moves no credits again.
    """
    return [await _one(made, item, number, uuid5(id_, str(number))) for number, item in enumerate(items, first)]


async def _one(made: Changes, item: Item, number: int, entry_id: UUID) -> Result:
    result: Result = {"item": number, "action": item["action"]}
    _, logged_as, rule = ACTIONS[item["action"]]
    try:
        async with made.one(logged_as) as change:
            return result | {"success": True, "user": await rule(change, item, entry_id), "error": None}
    except XsenderError as error:
        pointer = f"/items/{number}{error.pointer}" if isinstance(error, InvalidError) else f"/items/{number}"
        why = {"pointer": pointer, "code": error.code, "message": error.message}
        return result | {"success": False, "user": item.get("user"), "error": why}
