"""The operation ``users.bulk``: many changes of users."""

from uuid import UUID

from domain.operations.slices import ItemError, Sliced
from services.accounts import bulk
from services.changes import Changes
from services.operations.kinds import Slice
from store.pool import InTransaction

_AT_A_TIME = 20
"""Items of a slice: some tenths of a second."""


class BulkUsers:
    """Item by item, in their order; ``input``: the items, and the id of their list."""

    name = "users.bulk"
    may_be_cancelled = True
    scope = ""

    async def count(self, work: Slice) -> int:
        """The items."""
        return len(work.input["items"])

    async def slice(self, work: Slice) -> Sliced:
        """Do some items."""
        operation = work.operation
        first = operation.place or 0
        items = work.input["items"][first : first + _AT_A_TIME]
        assert isinstance(work.store, InTransaction)
        made = Changes(work.store.conn, operation.began_by)
        results = await bulk.apply(made, items, UUID(work.input["id"]), first)
        await made.log()
        after = first + len(items)
        refused = [(result["item"], result["error"]) for result in results if result["error"]]
        before = (operation.result or {"results": []})["results"]
        return Sliced(
            place=after if after < len(work.input["items"]) else None,
            done=len(results),
            errors=[ItemError(str(number), error["code"], error["message"]) for number, error in refused],
            result={"results": before + results},
        )
