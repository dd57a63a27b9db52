"""Leads that were posted: stored, and their workflows started, before the answer."""

from collections.abc import Sequence

from temporalio.service import RPCError

from api.http.errors import unavailable
from api.http.state import AppState
from api.leads.doors.checks import SourceChecks
from services.leads.receiving import Arrived, receive
from services.leads.starting import LeadStarter
from store.leads.leads import Received


async def take(state: AppState, arrived: Sequence[Arrived]) -> list[Received]:
    """Store leads, and start their workflows.

    Raises:
        ApiError: 503 Temporal does not answer. They are stored: workers start them, and posting them again is harmless.
        TemporalUnavailable: the same.
    """
    received = await receive(state.pool, state.part(SourceChecks).keyring, arrived)
    if received:
        try:
            await state.part(LeadStarter).start(state.temporal, received)
        except RPCError:
            raise unavailable("Temporal does not answer", retry_after=5.0) from None
    return received
