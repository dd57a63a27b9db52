"""Type ``sandbox``: a gateway that delivers into an inbox instead of to people, and fails on demand.

Magic recipients make every outcome reproducible. For email it is the local part before any ``+`` at ``example.com``
(reserved for such use, RFC 2606 §3); for SMS and WhatsApp it is one of Twilio's test numbers, +1 500 555 000x, which
reach nobody and are valid to number libraries.

============  =====================  ==============================================================================
behaviour     recipients             what happens
============  =====================  ==============================================================================
``refused``   refused@example.com,   refused permanently
              +15005550001
``timeout``   timeout@example.com,   nothing is delivered, and the answer stays away until the time-out: unknown
              +15005550002
``flaky``     flaky@example.com,     the first two tries at each message meet a gateway that is down, the third works
              +15005550003
``lost``      lost@example.com,      delivered, but the answer is lost: unknown
              +15005550004
============  =====================  ==============================================================================
"""

import asyncio
from typing import Annotated

from pydantic import Field

from domain.channels import Channel
from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, Unknown
from gateways.base import GatewayConfig, GatewayConnections, Inbox

MAGIC_DOMAIN = "example.com"
MAGIC_LOCAL_PARTS = frozenset({"refused", "timeout", "flaky", "lost"})
MAGIC_NUMBERS = {
    "+15005550001": "refused",
    "+15005550002": "timeout",
    "+15005550003": "flaky",
    "+15005550004": "lost",
}
FLAKY_FAILURES = 2


class SandboxConfig(GatewayConfig):
    """Settings of a sandbox gateway."""

    label: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """The name that deliveries carry in the inbox. ``None``: ``sandbox-<channel>``."""
    timeout: Annotated[float, Field(ge=0, le=300)] = 5.0
    """Seconds that the ``timeout`` recipient stays silent."""


class SandboxGateway:
    """Delivers into the inbox. Like most real providers it does not dedupe: a message sent twice is there twice."""

    dedupes = False

    def __init__(self, config: SandboxConfig, inbox: Inbox) -> None:
        self._config = config
        self._inbox = inbox

    async def send(self, message: Outbound) -> Outcome:
        """Deliver, or fail as the magic recipient requests."""
        match behaviour(message):
            case "refused":
                return Refused("sandbox_refused", "this recipient is always refused")
            case "timeout":
                await asyncio.sleep(self._config.timeout)
                return Unknown("no answer in time", silent=True)
            case "flaky" if await self._inbox.tries(message.uid) <= FLAKY_FAILURES:
                return GatewayDown("answered 500: this recipient fails twice")
            case "lost":
                await self._deliver(message)
                return Unknown("the answer was lost")
        return Accepted(await self._deliver(message))

    async def aclose(self) -> None:
        """Nothing to close."""

    async def _deliver(self, message: Outbound) -> str:
        return await self._inbox.put(self._config.label or f"sandbox-{message.channel}", message)


def behaviour(message: Outbound) -> str | None:
    """Return the recipient's magic, or ``None`` for an ordinary recipient."""
    if message.channel is not Channel.EMAIL:
        return MAGIC_NUMBERS.get(message.to)
    local, _, domain = message.to.rpartition("@")
    word = local.partition("+")[0].lower()
    return word if domain.lower() == MAGIC_DOMAIN and word in MAGIC_LOCAL_PARTS else None


def build(config: SandboxConfig, outside: GatewayConnections) -> SandboxGateway:
    """Build the gateway."""
    return SandboxGateway(config, outside.inbox)
