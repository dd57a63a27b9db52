"""Messages at phones: their pages are told when they end, and those that phones keep for too long are ended."""

from uuid import UUID

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import send_workflow_id
from store.devices import reporting
from store.pool import Pool

_AT_A_TIME = 500


async def tell_pages(pool: Pool, client: Client) -> None:
    """Signal the pages of attempts that phones have ended."""

    async def signal(page_id: UUID) -> None:
        try:
            await client.get_workflow_handle(send_workflow_id(page_id)).signal("devices_reported")
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:  # the page has ended: it was told before
                raise

    while await reporting.tell_pages(pool, signal):
        pass


async def end_overdue(pool: Pool) -> None:
    """End messages whose time is over, and return those that no phone took in time."""
    while await reporting.end_overdue(pool, _AT_A_TIME) == _AT_A_TIME:
        pass
