"""Roles that were made here."""

from collections.abc import Collection
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from domain.access.permissions import checked_permissions
from domain.keyring import Keyring
from services.access.staff import delete_role, put_role
from services.changes import Change
from services.settings_file.kind import Form, Found, Path, validated
from store.access import staff
from store.pool import Connections


class Role(BaseModel):
    """What whoever has the role may do."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    permissions: Annotated[list[str], Field(max_length=200)]


class Roles:
    """The kind ``roles``."""

    section, target, is_single = "roles", "role", False
    makes_secrets = False
    reads, writes, deletes = (frozenset({f"roles:{action}"}) for action in ("read", "write", "write"))
    actions = ("role.put", "role.put", "role.deleted")

    def schema(self) -> dict[str, Any]:
        return Role.model_json_schema()

    def checked(self, key: str, form: Any) -> Form:
        role = validated(Role, form)
        assert isinstance(role, Role)
        return {"permissions": sorted(checked_permissions(role.permissions, "/permissions"))}

    def secrets(self, form: Any) -> list[Path]:
        return []

    async def current(
        self, store: Connections, keyring: Keyring, keys: Collection[str], *, lock: bool
    ) -> dict[str, Found]:
        return {
            role.name: Found(role.name, {"permissions": sorted(role.permissions)})
            for role in await staff.roles(store, lock=lock)
        }

    async def put(self, change: Change, keyring: Keyring, key: str, now: Found | None, form: Form) -> str:
        await put_role(change, key, form["permissions"])
        return key

    async def remove(self, change: Change, keyring: Keyring, key: str, now: Found) -> None:
        await delete_role(change, key)
