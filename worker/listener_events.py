"""Events that providers send over gateways' own connections are processed like webhook events."""

from collections.abc import Sequence

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from domain.channels import Channel
from domain.messages.receipts import Event, encode_events
from services.receipts import parts_of, start_receipts

log = structlog.get_logger()


class ListenerEvents:
    """Accepts such events. Only SMS gateways have connections of their own."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def take(self, gateway: str, events: Sequence[Event]) -> None:
        """Returns once their workflow has started.

        Raises:
            RPCError: Temporal does not answer: the provider must send them again.
        """
        try:
            for part in parts_of(Channel.SMS, [gateway], events, encode_events(events)):
                await start_receipts(self._client, [part])
        except RPCError as error:
            log.warning("events of a gateway could not be accepted", gateway=gateway, status=error.status.name)
            raise
