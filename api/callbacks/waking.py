"""Waking the workflows of customers' endpoints from a request."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from temporalio.service import RPCError

from api.http.state import AppState
from api.http.temporal_link import TemporalUnavailable
from services.callbacks import wake
from workflows.policy import CALLBACK_QUEUE

_PATIENCE = 2.0
"""Seconds that a response waits for it."""


async def wake_callbacks(state: AppState, endpoint_ids: Iterable[UUID]) -> None:
    """Wake endpoints with queued deliveries. While Temporal is unavailable the workers' maintenance does it later."""
    with suppress(TemporalUnavailable, RPCError, TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await wake(state.temporal, CALLBACK_QUEUE, endpoint_ids)
