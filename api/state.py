"""What all requests of a process share."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request
from temporalio.client import Client

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
    limiters: dict[str, RequestLimiter]
    """A limiter per rate class that has a limit."""

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
