"""Type ``android``: SMS through Android phones of one's own. The gateway is a pool: its phones fetch the messages.

A message is put where the phones look for it (``DeviceQueue``), and the phone that sent it reports so: nothing is
known of the message when ``enqueue`` returns. See ``docs/devices.md``.
"""

from typing import Annotated

from pydantic import Field

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, AwaitsDevice, GatewayDown, Outcome
from gateways.base import GatewayConfig, GatewayConnections


class AndroidConfig(GatewayConfig):
    """Settings of a pool of phones."""

    valid_hours: Annotated[float, Field(ge=0.1, le=72)] = 24.0
    """How long a message may be sent: after that no phone sends it, and it expires."""
    give_back_after: Annotated[float, Field(ge=0, le=86_400)] | None = None
    """Seconds after which a message that no phone took goes to the account's next gateway; 0: at once while no phone
    is online. ``None``: it waits for a phone."""


class AndroidGateway:
    """A pool of phones. The same attempt put twice is one message; another attempt may be sent by another phone."""

    dedupes = False

    def __init__(self, config: AndroidConfig, outside: GatewayConnections) -> None:
        self._config = config
        self._queue = outside.devices

    async def send(self, message: Outbound) -> Outcome:
        """Have a message of nobody's page wait for a phone: a trial of the gateway."""
        outcome = await self.enqueue(message, 1, urgent=True)
        return Accepted(receipts=True) if isinstance(outcome, AwaitsDevice) else outcome

    async def enqueue(self, message: Outbound, attempt: int, *, urgent: bool) -> Outcome | AwaitsDevice:
        """Have a message wait for a phone. ``urgent`` ones go first."""
        if self._queue is None:
            return GatewayDown("this process has no queue for phones")
        config = self._config
        hours, back = config.valid_hours, config.give_back_after
        if await self._queue.put(message, attempt, urgent=urgent, valid_hours=hours, give_back_after=back):
            return AwaitsDevice(hours * 3600)
        return GatewayDown("no phone of this gateway is online")

    async def aclose(self) -> None:
        """Nothing to close."""
