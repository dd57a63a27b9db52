"""All contacts of an account as rows of a file, which an import reads again."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from domain.audience.contacts.contact import CUSTOM, VALUES
from domain.audience.imports.csv_cells import neutral
from store.audience.contacts import fields, groups
from store.audience.imports import listing
from store.audience.imports.listing import Listed
from store.pool import Connections

_BETWEEN = ";"
_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class Export:
    """What an export needs besides the contacts: it has a column for each custom field."""

    store: Connections
    account_id: int
    custom: Sequence[str]
    groups: Mapping[int, str]

    @classmethod
    async def begin(cls, store: Connections, account_id: int) -> "Export":
        """Look up the account's fields and groups."""
        custom = await fields.types(store, account_id)
        ids = await groups.ids(store, account_id)
        return cls(store, account_id, sorted(custom), {id_: key for key, id_ in ids.items()})

    async def fetch(self, after: str | None, most: int) -> Sequence[Listed]:
        """The next contacts."""
        return await listing.page(self.store, self.account_id, UUID(after) if after else None, most)

    def show(self, contact: Listed) -> dict[str, Any]:
        """A contact as a row."""
        shown: dict[str, Any] = {"id": str(contact.id)}
        shown |= {name: getattr(contact, name) for name in VALUES}
        shown["tags"] = _BETWEEN.join(contact.tags)
        shown["groups"] = _BETWEEN.join(self.groups[id_] for id_ in contact.groups if id_ in self.groups)
        shown |= {CUSTOM + key: contact.fields.get(key) for key in self.custom}
        return shown | {"created_at": contact.created_at, "updated_at": contact.updated_at}

    async def csv(self) -> AsyncIterator[str]:
        """The whole file, in parts."""
        after: str | None = None
        out = io.StringIO()
        while rows := await self.fetch(after, _AT_A_TIME):
            shown = [self.show(contact) for contact in rows]
            write = csv.writer(out)
            if after is None:
                write.writerow(shown[0])
            write.writerows([_cell(value) for value in row.values()] for row in shown)
            yield out.getvalue()
            out.seek(0)
            out.truncate()
            after = self.place(rows[-1])

    def place(self, contact: Listed) -> str:
        """Where a contact stands in the order."""
        return str(contact.id)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return neutral(value)
    return "" if value is None else orjson.dumps(value, option=orjson.OPT_UTC_Z).decode().strip('"')
