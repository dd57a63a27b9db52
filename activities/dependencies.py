"""Opening the connections that activities need."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from activities.callbacks import Callbacks
from activities.dispatching.email_assembler import EmailAssembler
from activities.dispatching.sender_keys import SenderKeys
from activities.dispatching.unfinished import Unfinished
from activities.pacing.gateway_cache import GatewayCache
from domain.keyring import CREDENTIALS, Keyring
from domain.mail.links import LinkSigner
from gateways.base import EventSink, GatewayConnections
from services.audience.campaigns.sending import CampaignSending
from services.automations.calls.sending import CallSender
from services.automations.outbox import OutboxSender
from services.automations.runs.running import Running
from services.leads.processing.applying import Applying
from services.leads.processing.catching_up import CatchingUp
from services.leads.processing.taking import Taking
from services.leads.providers import Providers
from store.gateways.sandbox_inbox import SandboxInbox
from store.pool import Pool

DRAIN_SECONDS = 30.0
"""What a stopping worker gives to messages under way: as long as most gateways take to answer."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What activities use besides the database. Opened once per process."""

    gateways: GatewayCache
    mails: EmailAssembler
    """Completes emails."""
    callbacks: Callbacks
    keyring: Keyring
    campaigns: CampaignSending
    running: Running
    outbox: OutboxSender
    calls: CallSender
    leads: Taking
    missed_leads: CatchingUp
    unfinished: Unfinished

    async def aclose(self) -> None:
        """Let messages under way get their answers, then close all connections."""
        await self.unfinished.aclose(DRAIN_SECONDS)
        await self.gateways.aclose()
        await self.callbacks.aclose()
        await self.campaigns.aclose()
        await self.outbox.aclose()
        await self.calls.aclose()
        await self.leads.aclose()


def open_dependencies(pool: Pool, keys: str, sink: EventSink, environment: Mapping[str, Any]) -> Dependencies:
    """The dependencies of this process. ``keys`` is the key ring's text; ``sink`` takes events of providers;
    ``environment``: settings of the install that this process was started with."""
    return Dependencies(
        open_gateways(pool, keys, sink),
        open_mails(pool, keys),
        open_callbacks(pool, keys),
        Keyring.parse(keys, CREDENTIALS),
        CampaignSending(pool, environment),
        Running(pool),
        OutboxSender(pool, environment),
        open_calls(pool, keys, environment),
        *open_leads(pool, keys, environment),
        Unfinished(),
    )


def open_gateways(pool: Pool, keys: str, sink: EventSink | None = None) -> GatewayCache:
    """The gateways of this process, with connections to public and (where allowed) private addresses."""
    return GatewayCache(pool, Keyring.parse(keys, CREDENTIALS), GatewayConnections.open(SandboxInbox(pool)), sink)


def open_mails(pool: Pool, keys: str) -> EmailAssembler:
    """The email assembler of this process."""
    return EmailAssembler(pool, LinkSigner(keys), SenderKeys(pool, Keyring.parse(keys, CREDENTIALS)))


def open_callbacks(pool: Pool, keys: str) -> Callbacks:
    """The callbacks of this process, with their own connections: hanging endpoints use none of the gateways'."""
    return Callbacks(pool, Keyring.parse(keys, CREDENTIALS), GatewayConnections.open(SandboxInbox(pool)))


def open_calls(pool: Pool, keys: str, environment: Mapping[str, Any]) -> CallSender:
    """The calls of this process's runs, with their own connections, as callbacks have theirs."""
    outside = GatewayConnections.open(SandboxInbox(pool))
    return CallSender(pool, Keyring.parse(keys, CREDENTIALS), outside, environment)


def open_leads(pool: Pool, keys: str, environment: Mapping[str, Any]) -> tuple[Taking, CatchingUp]:
    """What takes leads in this process, with connections of its own to their providers."""
    keyring = Keyring.parse(keys, CREDENTIALS)
    providers = Providers(pool, keyring, GatewayConnections.open(SandboxInbox(pool)), environment)
    taking = Taking(pool, keyring, providers, Applying(pool, environment))
    return taking, CatchingUp(pool, keyring, providers, taking)
