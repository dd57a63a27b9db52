"""What all requests of a process share."""

import asyncio
from dataclasses import dataclass
from typing import cast

from fastapi import Request
from temporalio.client import Client

from api.group_commit import GroupCommit
from api.offload import Offload
from api.temporal_link import TemporalLink
from domain.gcra import RequestLimiter
from runtime.settings import Settings
from store.pool import Pool


@dataclass(frozen=True, slots=True)
class AppState:
    """Opened by the application's lifespan."""

    settings: Settings
    pool: Pool
    link: TemporalLink
    group_commit: GroupCommit
    offload: Offload
    large_bodies: asyncio.Semaphore
    """Room for large bodies."""
    limiters: dict[str, RequestLimiter]
    """A limiter per rate class that has a limit."""
    trials: RequestLimiter
    """Of test messages, by gateway."""

    @property
    def temporal(self) -> Client:
        """The client of Temporal.

        Raises:
            TemporalAway: it was never reached since this process started.
        """
        return self.link.client


def state_of(request: Request) -> AppState:
    """The state of the application that serves this request."""
    return cast(AppState, request.app.state.xsender)
