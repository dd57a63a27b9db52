"""Plans, by name."""

from collections.abc import Collection
from typing import Any

from domain.errors import InvalidError
from domain.keyring import Keyring
from services.accounts.plans import change_plan, checked_plan, create_plan, delete_plan
from services.changes import Change
from services.settings_file.kind import Form, Found, Path, validated
from store.accounts import plans
from store.accounts.plans import NewPlan, Plan
from store.pool import Connections


class Plans:
    """The kind ``plans``."""

    section, target, is_single = "plans", "plan", False
    makes_secrets = False
    reads, writes, deletes = (frozenset({f"plans:{action}"}) for action in ("read", "write", "delete"))
    actions = ("plan.created", "plan.updated", "plan.deleted")

    def schema(self) -> dict[str, Any]:
        schema = NewPlan.model_json_schema()
        del schema["properties"]["name"]
        schema["required"] = [name for name in schema["required"] if name != "name"]
        return schema

    def checked(self, key: str, form: Any) -> Form:
        if isinstance(form, dict) and "name" in form:
            message = "the name of a plan is its key"
            raise InvalidError("extra_forbidden", message, "/name")
        plan = validated(NewPlan, form, {"name": key}, [name for name in NewPlan.model_fields if name != "name"])
        assert isinstance(plan, NewPlan)
        return _form(plan.model_dump(mode="json"))

    def secrets(self, form: Any) -> list[Path]:
        return []

    async def current(
        self, store: Connections, keyring: Keyring, keys: Collection[str], *, lock: bool
    ) -> dict[str, Found]:
        found = await plans.list_plans(store, lock=lock)
        return {plan.name: Found(str(plan.id), _form(_fields(plan))) for plan in found}

    async def put(self, change: Change, keyring: Keyring, key: str, now: Found | None, form: Form) -> str:
        if now is None:
            return str((await create_plan(change, checked_plan({**form, "name": key}))).id)
        patch = {name: value for name, value in form.items() if now.form.get(name) != value}
        if "channels" in patch:  # a merge patch keeps those that it does not name
            patch["channels"] = dict.fromkeys(now.form["channels"]) | patch["channels"]
        await change_plan(change, int(now.object_id), patch)
        return now.object_id

    async def remove(self, change: Change, keyring: Keyring, key: str, now: Found) -> None:
        await delete_plan(change, int(now.object_id))


def _fields(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in NewPlan.model_fields}


def _form(fields: dict[str, Any]) -> Form:
    """In the order in which files have lists that have none."""
    names = ("channel", "prefix", "category")
    rates = sorted(fields["rates"], key=lambda rate: [rate[name] or "" for name in names])
    more = {"gateways": sorted(set(fields["gateways"])), "rates": rates}
    return {name: value for name, value in (fields | more).items() if name != "name"}
