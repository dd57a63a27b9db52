"""Custom fields and groups of users' contacts."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from domain.errors import ConflictError
from services.audience.contacts import custom_fields, grouping
from services.changes import Change
from services.settings_file.kind import Form
from services.settings_file.kinds.audience.owned import Owned
from store.audience.contacts import fields, groups
from store.pool import Connections

_Name = Annotated[StrictStr, Field(max_length=200)]


class FileField(BaseModel):
    """A custom field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["text", "number", "boolean", "date", "time"] = Field(description="It stays.")
    label: _Name = ""


class FileGroup(BaseModel):
    """A group."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name | None = Field(None, description="Left out: its key.")


class ContactFields(Owned):
    """The kind ``contact_fields``."""

    section, target = "contact_fields", "field"
    actions = ("field.created", "field.changed", "field.deleted")
    model = FileField

    def form(self, body: BaseModel, name: str) -> Form:
        return body.model_dump(mode="json")

    async def find(self, store: Connections, account_id: int, name: str, *, lock: bool) -> Form | None:
        found = await fields.find(store, account_id, name, lock=lock)
        return None if found is None else {"type": found.type, "label": found.label}

    async def write(self, change: Change, account_id: int, name: str, now: Form | None, form: Form) -> None:
        if now is None:
            await custom_fields.add(change, account_id, name, form["type"], form["label"])
            return
        if now["type"] != form["type"]:
            message = f"it is of the type {now['type']!r}, which stays: give the new one another key"
            raise ConflictError("field_type", message)
        field = await custom_fields.find(change.store, account_id, name, lock=True)
        await custom_fields.relabel(change, account_id, field, form["label"])

    async def delete(self, change: Change, account_id: int, name: str) -> None:
        field = await custom_fields.find(change.store, account_id, name, lock=True)
        await custom_fields.remove(change, account_id, field)


class ContactGroups(Owned):
    """The kind ``contact_groups``."""

    section, target = "contact_groups", "group"
    actions = ("group.created", "group.changed", "group.deleted")
    model = FileGroup

    def form(self, body: BaseModel, name: str) -> Form:
        form = body.model_dump(mode="json")
        return form | {"name": form["name"] or name}

    async def find(self, store: Connections, account_id: int, name: str, *, lock: bool) -> Form | None:
        found = await groups.find(store, account_id, name, lock=lock)
        return None if found is None or found.key != name else {"name": found.name}

    async def write(self, change: Change, account_id: int, name: str, now: Form | None, form: Form) -> None:
        if now is None:
            await grouping.add(change, account_id, form["name"], name)
        else:
            group = await grouping.find(change.store, account_id, name, lock=True)
            await grouping.rename(change, group, form["name"])

    async def delete(self, change: Change, account_id: int, name: str) -> None:
        group = await grouping.find(change.store, account_id, name, lock=True)
        await grouping.remove(change, account_id, group)
