"""Reads what a page needs to be started again, from the database or its workflow's history."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from temporalio.client import Client

from domain.ids import send_workflow_id
from domain.messages.page import PageHeader
from services.sending.page_runs import Fate, Run, start_arguments
from store.batches.recovery import stored_page


@dataclass(frozen=True, slots=True)
class PageStart:
    """A page as its workflow is started."""

    header: PageHeader
    content: bytes
    batch_state: str = ""
    """The state of its batch, where it belongs to one."""


StartPage = Callable[[Client, PageStart], Awaitable[bool]]
"""Starts a page whose workflow has ended, as ``restart.start_stored`` does."""


async def page_start(conn: AsyncConnection[TupleRow], client: Client, page_id: UUID, run: Run) -> PageStart | None:
    """Arguments to start a page again; ``None``: its content is no longer stored. ``run`` is its latest run.

    Raises:
        RPCError: Temporal does not answer.
    """
    stored = await stored_page(conn, page_id)
    if stored is not None:
        header, state = stored
        return PageStart(header, b"", state)
    if run.fate is Fate.GONE:
        return None
    began = await start_arguments(client, send_workflow_id(page_id), run.id)
    if began is None or began[0].stored:
        return None
    return PageStart(*began)
