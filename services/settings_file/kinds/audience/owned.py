"""What kinds have in common whose objects belong to one user and have keys of their own."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Any, ClassVar

from pydantic import BaseModel

from domain.errors import InvalidError
from domain.keyring import Keyring
from services.changes import Change
from services.settings_file.kind import Form, Found, Path, validated
from services.settings_file.owners import need_owner, owners_of, taken_apart
from store.pool import Connections


class Owned(ABC):
    """Such a kind: only objects that a file names are looked at."""

    section: str
    target: str
    actions: tuple[str, str, str]
    model: ClassVar[type[BaseModel]]
    is_single = makes_secrets = False
    reads: frozenset[str] = frozenset({"settings:read"})
    writes: frozenset[str] = frozenset({"settings:write"})
    deletes: frozenset[str] = frozenset({"settings:write"})

    @abstractmethod
    def form(self, body: BaseModel, name: str) -> Form:
        """An object with all its fields, from its model.

        Raises:
            InvalidError: it cannot be one.
        """

    @abstractmethod
    async def find(self, store: Connections, account_id: int, name: str, *, lock: bool) -> Form | None:
        """An object of an account."""

    @abstractmethod
    async def write(self, change: Change, account_id: int, name: str, now: Form | None, form: Form) -> None:
        """Create or change it."""

    @abstractmethod
    async def delete(self, change: Change, account_id: int, name: str) -> None:
        """Delete it."""

    def schema(self) -> dict[str, Any]:
        return self.model.model_json_schema()

    def checked(self, key: str, form: Any) -> Form:
        owner, name = taken_apart(key)
        if not owner or not name:
            words = "begin the key with its owner, a user's external id or address: crm-7 vip"
            raise InvalidError("file_key", words)
        return self.form(validated(self.model, form), name)

    def secrets(self, form: Any) -> list[Path]:
        return []

    async def current(
        self, store: Connections, keyring: Keyring, keys: Collection[str], *, lock: bool
    ) -> dict[str, Found]:
        owners = await owners_of(store, keys)
        found: dict[str, Found] = {}
        for key in sorted(keys):
            owner, name = taken_apart(key)
            account_id = owners.get(owner) if owner else None
            form = None if account_id is None else await self.find(store, account_id, name, lock=lock)
            if form is not None:
                found[key] = Found(f"{account_id}/{name}", form)
        return found

    async def put(self, change: Change, keyring: Keyring, key: str, now: Found | None, form: Form) -> str:
        owner, name = taken_apart(key)
        account_id = await need_owner(change.store, owner)
        await self.write(change, account_id, name, now.form if now else None, form)
        return f"{account_id}/{name}"

    async def remove(self, change: Change, keyring: Keyring, key: str, now: Found) -> None:
        owner, name = taken_apart(key)
        await self.delete(change, await need_owner(change.store, owner), name)
