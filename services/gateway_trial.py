"""One real message through one gateway, outside of any account's record and credit."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from domain.channels import Channel
from domain.ids import new_page_id
from domain.keyring import Keyring
from domain.messages.outbound import Outbound
from domain.messages.outcomes import Outcome, Unknown
from domain.recipients import normalise_email, normalise_number
from domain.request_rates import Rate
from gateways.base import Gateway, GatewayConfig, GatewayConnections
from gateways.net.names import Names
from gateways.registry import build, parse_config
from store.accounts import request_rates
from store.gateways.gateways import get, load
from store.gateways.sandbox_inbox import SandboxInbox
from store.pool import Pool

TRIAL_SECONDS = 30.0
"""A caller waits for the result, so this is shorter than the limit for recorded messages."""

TRIAL_RATE = Rate(5 / 60, burst=5)
"""Test messages through one gateway: they are real, and cost no credits."""

_SUBJECT = "Test message"
_BODY = "This is a test message of xsender: the gateway works."


@dataclass(frozen=True, slots=True)
class Trial:
    """The outcome of a test message."""

    uid: UUID
    to: str
    outcome: str
    """``accepted``, ``refused``, ``retry_later``, ``gateway_down`` or ``unknown``."""
    provider_id: str | None
    code: str | None
    reason: str | None


async def take_turn(pool: Pool, gateway_id: UUID) -> float:
    """Take one of the test messages that may be sent through a gateway now. Returns the seconds to wait; 0: none."""
    return max(0.0, await request_rates.take(pool, f"test of gateway {gateway_id}", TRIAL_RATE))


async def try_gateway(
    pool: Pool, keyring: Keyring, gateway_id: UUID, to: str, region: str | None, names: Names | None = None
) -> Trial:
    """Really send one message to ``to``, which is read as in a send request, whether the gateway is in use or not.

    ``names``: the look-ups of all trials of a process.

    Raises:
        NotFoundError: there is no gateway of this id.
        InvalidRecipient: the gateway's channel has no such recipient.
        KeyringError: its configuration cannot be opened.
        InvalidGatewayConfig: this version of xsender does not understand its configuration.
    """
    await get(pool, gateway_id)  # a deleted one is none, and still loads
    stored = await load(pool, keyring, gateway_id)
    channel = Channel(stored.channel)
    message = _message(channel, to, region)
    config = parse_config(stored.type, channel, stored.config)
    outside = GatewayConnections.open(SandboxInbox(pool), names=names).of(f"account {stored.account_id}")
    return await send_through(stored.type, config, outside, message)


async def send_through(type_name: str, config: GatewayConfig, outside: GatewayConnections, message: Outbound) -> Trial:
    """Send one message through a gateway that is built for it; ``outside`` is closed afterwards."""
    gateway = build(type_name, config, outside)
    try:
        answer = await _send(gateway, message)
    finally:
        await gateway.aclose()
        await outside.aclose()
    said = (getattr(answer, name, None) for name in ("provider_id", "code", "reason"))
    return Trial(message.uid, message.to, answer.kind, *said)


def _message(channel: Channel, to: str, region: str | None) -> Outbound:
    uid = new_page_id()
    if channel is Channel.EMAIL:
        return Outbound(uid, channel, normalise_email(to), str(uid), _BODY, _SUBJECT, f"<p>{_BODY}</p>")
    return Outbound(uid, channel, normalise_number(to, region), str(uid), _BODY)


async def _send(gateway: Gateway, message: Outbound) -> Outcome:
    try:
        async with asyncio.timeout(TRIAL_SECONDS):
            return await gateway.send(message)
    except TimeoutError:
        return Unknown(f"no answer within {TRIAL_SECONDS:g} s", silent=True)
    except Exception as error:  # an adapter's bug
        return Unknown(f"the gateway's adapter failed: {type(error).__name__}: {error}")
