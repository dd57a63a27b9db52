"""State that all requests of a process share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from fastapi import Request
from temporalio.client import Client

from api.http.temporal_link import TemporalLink
from domain.keyring import CREDENTIALS, Keyring
from runtime.settings import Settings
from store.pool import Pool
from store.read_pool import ReadPool

STOPPING = "stopping"
"""In the state of the lifespan: what is to be called when the process begins to end, so that requests that wait end."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class AppState:
    """Opened by the application's lifespan."""

    settings: Settings
    pool: Pool
    reading: ReadPool
    """For lists: of a replica, if there is one."""
    link: TemporalLink
    parts: Mapping[type, Any]
    """State of subjects, one of each type; see ``part``."""

    def part(self, kind: type[_T]) -> _T:
        """State that all requests of a subject share, such as its group commit."""
        return cast(_T, self.parts[kind])

    @property
    def temporal(self) -> Client:
        """The client of Temporal.

        Raises:
            TemporalUnavailable: it was never reached since this process started.
        """
        return self.link.client

    @property
    def keyring(self) -> Keyring:
        """The ring that seals secrets."""
        return Keyring.parse(self.settings.keys.get_secret_value(), CREDENTIALS)


def state_of(request: Request) -> AppState:
    """The state of the application that serves this request."""
    return cast(AppState, request.app.state.xsender)
