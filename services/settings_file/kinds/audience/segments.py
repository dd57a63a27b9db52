"""Segments of users."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from domain.audience.conditions.tree import as_json
from services.audience.segments import rules
from services.changes import Change
from services.settings_file.kind import Form
from services.settings_file.kinds.audience.owned import Owned
from store.audience.segments import saved
from store.pool import Connections


class FileSegment(BaseModel):
    """A segment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[StrictStr, Field(min_length=1, max_length=120)] | None = Field(
        None, description="Left out: its key."
    )
    condition: dict[str, Any]


class Segments(Owned):
    """The kind ``segments``."""

    section, target = "segments", "segment"
    actions = ("segment.created", "segment.changed", "segment.deleted")
    model = FileSegment

    def form(self, body: BaseModel, name: str) -> Form:
        assert isinstance(body, FileSegment)
        return {"name": body.name or name, "condition": as_json(rules.read_condition(body.condition))}

    async def find(self, store: Connections, account_id: int, name: str, *, lock: bool) -> Form | None:
        found = await saved.find(store, account_id, key=name, lock=lock)
        return None if found is None else {"name": found.name, "condition": found.condition}

    async def write(self, change: Change, account_id: int, name: str, now: Form | None, form: Form) -> None:
        await rules.put(change, account_id, name, form["name"], form["condition"])

    async def delete(self, change: Change, account_id: int, name: str) -> None:
        found = await rules.find(change.store, account_id, key=name)
        await rules.remove(change, account_id, found.id)
