"""The operation ``users.export``: all data of an account, as files of lines of JSON."""

from uuid import UUID

from domain.access.user_scopes import READ
from domain.operations.slices import Sliced
from services.operations.kinds import Slice
from store.operations import exports

NAME = "users.export"
KEPT_DAYS = 7
"""For how long the files can be downloaded."""


class ExportUser:
    """Table by table, a part of one in each slice; ``result``: how many rows each file has."""

    name = NAME
    may_be_cancelled = True
    scope = READ

    async def count(self, work: Slice) -> None:
        """Known at the end."""

    async def slice(self, work: Slice) -> Sliced:
        """Write some rows."""
        place = work.operation.place or {"source": 0, "after": None}
        source = exports.SOURCES[place["source"]]
        found = await exports.rows(work.store, source, work.account_id, place["after"])
        files = {source.name: found}
        if source.name == "messages" and found:
            files |= await exports.of_messages(work.store, [UUID(uid) for uid, _ in found])
        if source.name == "wallets":
            files["journal"] = await exports.grants(work.store, work.account_id)
        counts = dict((work.operation.result or {"rows": {}})["rows"])
        for name, rows in files.items():
            await exports.write(work.store, work.operation.id, name, rows)
            counts[name] = counts.get(name, 0) + len(rows)
        done = sum(map(len, files.values()))
        return Sliced(_next(place, found), done, result={"rows": counts})


def _next(place: dict[str, int | str | None], found: exports.Rows) -> dict[str, int | str | None] | None:
    number = place["source"]
    assert isinstance(number, int)
    if len(found) == exports.ROWS:
        return {"source": number, "after": found[-1][0]}
    return {"source": number + 1, "after": None} if number + 1 < len(exports.SOURCES) else None
