"""Starting the workflows of runs that a request has begun."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog

from api.http.state import AppState
from api.http.temporal_link import TemporalUnavailable
from services.automations.starting import Starter

log = structlog.get_logger()


async def start(state: AppState, run_ids: Sequence[UUID]) -> None:
    """Start them before the answer. If Temporal does not answer the workers do it later: the runs are stored."""
    try:
        client = state.temporal
    except TemporalUnavailable:
        log.warning("runs could not be started", runs=len(run_ids))
        return
    await state.part(Starter).start(client, dict.fromkeys(run_ids, datetime.now(UTC)))
