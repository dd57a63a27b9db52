"""What all requests of a process share."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request
from temporalio.client import Client

from domain.gcra import RequestLimiter
from runtime.settings import Settings
from store.pool import Pool


@dataclass(frozen=True, slots=True)
class State:
    """Opened by the application's lifespan."""

    settings: Settings
    pool: Pool
    temporal: Client
    limiters: dict[str, RequestLimiter]
    """A limiter per rate class that has a limit."""


def state_of(request: Request) -> State:
    """The state of the application that serves this request."""
    return cast(State, request.app.state.xsender)
