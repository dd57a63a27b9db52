"""The operation ``messages.cancel_waiting``: what waits of a suspended account ends, and its credits are released.

The database decides: a message that has ended there is handed to no gateway, whatever its workflow does next. Workflows
are told afterwards, so that they do not wait for nothing.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import page_of, send_workflow_id
from domain.operations.slices import Sliced
from services.accounts.users import CANCEL_WAITING
from services.batches import cancel_for_account
from services.operations.kinds import Slice
from services.sending.page_runs import RPC_TIMEOUT
from store.accounts import accounts
from store.batches import recovery
from store.callbacks import callbacks
from store.connection import MARGIN, STATEMENT_SECONDS
from store.operations import waiting
from store.pool import InTransaction

_CODE, _REASON = "account_suspended", "the account is suspended"

SETTLED_AFTER = STATEMENT_SECONDS + MARGIN
"""Seconds after which no claim of before the suspension is under way: a statement takes no longer."""
_READ = 5000
"""Messages that a slice looks at."""
_MOST = 500
"""Messages that a slice cancels."""
_BATCHES = 50
"""Batches that a slice has end."""
_SIGNALS = 50
"""Workflows that are told at a time."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a slice of the walk has done."""

    count: int
    after: UUID | None
    """Where the next one begins. ``None``: that was all."""
    to_tell: dict[str, Any]
    """Whom the next slice tells of it, once this one is stored."""


class CancelWaiting:
    """Walks through all messages of the account, then has its batches end. A resume of the account ends it."""

    name = CANCEL_WAITING
    may_be_cancelled = True
    scope = ""

    async def count(self, work: Slice) -> None:
        """Known once all messages were looked at."""

    async def slice(self, work: Slice) -> Sliced:
        """Cancel some messages, or batches."""
        place = work.operation.place or {"step": "settle", "until": time.time() + SETTLED_AFTER}
        await tell(work.client, place)
        if await accounts.lock_waiting(work.store, work.account_id) != ("suspended", True):
            return Sliced(is_cancelled=True)  # what it has not come to goes on
        if place["step"] == "settle" and (left := place["until"] - time.time()) > 0:
            return Sliced(place, pause=left)
        after = UUID(place.get("after", str(waiting.START)))
        if place["step"] == "batches":
            last = await cancel_batches(work, after)
            return Sliced(last and {"step": "batches", "after": str(last)})
        ended = await end_some(work, after, _CODE, _REASON)
        step = {"step": "batches"} if ended.after is None else {"step": "walk", "after": str(ended.after)}
        return Sliced(step | ended.to_tell, ended.count)


async def end_some(work: Slice, after: UUID, code: str, reason: str) -> Ended:
    """Cancel the next messages of an account that have no outcome."""
    found = await waiting.walk(work.store, work.account_id, after, _READ, _MOST)
    ended = await waiting.cancel(work.store, work.account_id, found.open, code, reason) if found.open else []
    assert isinstance(work.store, InTransaction)
    if ended:  # maintenance wakes their endpoints
        await callbacks.queue_states(work.store.conn, ended)
    return Ended(len(ended), found.last, {"tell": _by_page(ended)})


async def cancel_batches(work: Slice, after: UUID) -> UUID | None:
    """Have the account's next batches end. Returns where to go on; ``None``: these were all."""
    found = await recovery.of_account(work.store, work.account_id, after, _BATCHES)
    for batch_id in found:
        await cancel_for_account(work.client, batch_id)
    return found[-1] if found else None


async def tell(client: Client, place: Mapping[str, Any]) -> None:
    """Have pages wait no longer for messages that the slice before has ended."""
    limit = asyncio.Semaphore(_SIGNALS)

    async def signal(page_id: str, uids: list[str]) -> None:
        async with limit:
            try:
                page = client.get_workflow_handle(send_workflow_id(UUID(page_id)))
                await page.signal("ended", uids, rpc_timeout=RPC_TIMEOUT)
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:  # it has ended
                    raise

    await asyncio.gather(*(signal(page_id, uids) for page_id, uids in place.get("tell", {}).items()))


def _by_page(uids: Sequence[UUID]) -> dict[str, list[str]]:
    pages: dict[str, list[str]] = defaultdict(list)
    for uid in uids:
        pages[str(page_of(uid))].append(str(uid))
    return pages
