"""What all requests of a process share."""

from dataclasses import dataclass, field
from typing import cast

from fastapi import Request
from temporalio.client import Client

from api.group_commit import GroupCommit
from api.large_bodies import Bodies
from api.offload import Offload
from api.shared_checks import SharedChecks
from api.starts import Starts
from api.temporal_link import TemporalLink
from api.webhook_ends import WebhookEnds
from api.webhook_room import WebhookRoom
from domain.keyring import CREDENTIALS, Keyring
from domain.mail_links import LinkSigner
from gateways.net.names import Names
from runtime.settings import Settings
from store.pool import Pool


@dataclass(frozen=True, slots=True)
class AppState:
    """Opened by the application's lifespan."""

    settings: Settings
    pool: Pool
    link: TemporalLink
    starts: Starts
    group_commit: GroupCommit
    offload: Offload
    bodies: Bodies
    links: LinkSigner
    """Reads the links of our emails."""
    webhooks: WebhookEnds
    webhook_room: WebhookRoom
    health_checks: SharedChecks
    names: Names = field(default_factory=Names)
    """Look-ups for gateways that are being tested."""

    @property
    def temporal(self) -> Client:
        """The client of Temporal.

        Raises:
            TemporalAway: it was never reached since this process started.
        """
        return self.link.client

    @property
    def keyring(self) -> Keyring:
        """The ring that seals secrets."""
        return Keyring.parse(self.settings.keys.get_secret_value(), CREDENTIALS)


def state_of(request: Request) -> AppState:
    """The state of the application that serves this request."""
    return cast(AppState, request.app.state.xsender)
