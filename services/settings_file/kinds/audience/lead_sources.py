"""Sources of leads of users, without their credentials: those are set over the API, and stay as they are."""

from typing import Annotated

from pydantic import BaseModel, Field

from domain.errors import ConflictError
from domain.keyring import Keyring
from domain.leads.source import Kind
from services.changes import Change
from services.leads import rules
from services.leads.models import Name, Settings
from services.settings_file.kind import Form, Found
from services.settings_file.kinds.audience.owned import Owned
from services.settings_file.owners import need_owner, taken_apart
from store.leads import sources
from store.leads.sources import Source
from store.pool import Connections


class FileSource(Settings):
    """A source of leads."""

    kind: Annotated[Kind, Field(description="It stays.")]
    name: Name
    enabled: Annotated[bool, Field(strict=True)] = True


class LeadSources(Owned):
    """The kind ``lead_sources``."""

    section, target = "lead_sources", "lead_source"
    actions = ("lead_source.created", "lead_source.changed", "lead_source.deleted")
    model = FileSource

    def form(self, body: BaseModel, name: str) -> Form:
        return body.model_dump(mode="json")

    async def find(self, store: Connections, account_id: int, name: str, *, lock: bool) -> Form | None:
        found = await sources.find(store, account_id, name, lock=lock)
        return None if found is None or found.key != name else _form(found)

    async def put(self, change: Change, keyring: Keyring, key: str, now: Found | None, form: Form) -> str:
        owner, name = taken_apart(key)
        account_id = await need_owner(change.store, owner)
        given = {field: form[field] for field in Settings.model_fields}
        if now is None:
            await rules.add(change, keyring, account_id, form["kind"], form["name"], given, {}, name)
        elif now.form["kind"] != form["kind"]:
            message = f"it is of the kind {now.form['kind']!r}, which stays: give the new one another key"
            raise ConflictError("lead_source_kind", message)
        if now is not None or not form["enabled"]:
            await rules.alter(change, keyring, account_id, name, given, {}, form["name"], form["enabled"])
        return f"{account_id}/{name}"

    async def write(self, change: Change, account_id: int, name: str, now: Form | None, form: Form) -> None:
        raise AssertionError("what is sealed needs the key ring: see put")

    async def delete(self, change: Change, account_id: int, name: str) -> None:
        await rules.remove(change, account_id, name)


def _form(found: Source) -> Form:
    """With the defaults of what was left out of its settings."""
    shown = {"kind": found.kind, "name": found.name, "enabled": found.state != "disabled", **found.settings}
    return FileSource.model_validate(shown).model_dump(mode="json")
