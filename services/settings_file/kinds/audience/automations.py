"""Automations of users: a file has what is published. What differs from it is saved as the draft, and published."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from domain.automations.definition.parsing import parse_flow
from domain.automations.schema import flow_schema
from domain.errors import FieldError, InvalidError, invalid
from services.accounts.rates import PlanPrices
from services.audience.templates.named import NamedTemplates
from services.automations import rules
from services.automations.publishing.definitions import act_for, definition
from services.automations.publishing.impact import Reading
from services.automations.publishing.publishing import publish
from services.changes import Change
from services.settings_file.kind import Form
from services.settings_file.kinds.audience.owned import Owned
from services.settings_file.owners import taken_apart
from store.automations import automations
from store.pool import Connections


class _Definition(BaseModel):
    model_config = ConfigDict(extra="allow")


class Automations(Owned):
    """The kind ``automations``."""

    section, target = "automations", "automation"
    actions = ("automation.published", "automation.published", "automation.archived")
    model = _Definition

    def schema(self) -> dict[str, Any]:
        return {name: value for name, value in flow_schema().items() if name not in ("$id", "$schema")}

    def checked(self, key: str, form: Any) -> Form:
        owner, name = taken_apart(key)
        if not owner or not name:
            raise InvalidError(
                "file_key", "begin the key with its owner, a user's external id or address: crm-7 welcome"
            )
        if not isinstance(form, Mapping):
            raise InvalidError("object_type", "must be a mapping")
        flow = parse_flow(form)
        if flow.key != name:
            raise invalid([FieldError("/key", "automation_key", f"the key in the file says {name!r}: write the same")])
        return dict(flow.source)

    def form(self, body: BaseModel, name: str) -> Form:
        raise AssertionError("definitions are read as they are")

    async def find(self, store: Connections, account_id: int, name: str, *, lock: bool) -> Form | None:
        found = await automations.find(store, account_id, name, lock=lock)
        if found is None or found.version is None or found.state == "archived":
            return None
        return await definition(store, found, None)

    async def write(self, change: Change, account_id: int, name: str, now: Form | None, form: Form) -> None:
        before = await automations.find(change.store, account_id, name, lock=True)
        if before is None:
            await rules.add(change, account_id, form)
        else:
            if before.state == "archived":
                await rules.set_state(change, account_id, name, "active")
            await rules.save_draft(change, account_id, name, form)
        reading = Reading(NamedTemplates(change.store), PlanPrices(change.store))
        saved = await rules.find(change.store, account_id, name, lock=True)
        await publish(change, reading, account_id, name, await act_for(change.store, saved))

    async def delete(self, change: Change, account_id: int, name: str) -> None:
        await rules.set_state(change, account_id, name, "archived")
