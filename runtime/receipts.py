"""Starting the workflow of what a provider told us: durable before the provider gets its answer, once however often."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.channels import Channel
from domain.receipts import Event, Inbound, ReceiptsSource, encode_events
from workflows.policy import receipts_options

EVENTS_AT_A_TIME = 2000
"""Events of one workflow: an input has to stay below 2 MB."""
_START_TIMEOUT = timedelta(seconds=5)


async def start_receipts(
    client: Client, channel: Channel, gateways: Sequence[str], events: Sequence[Event], told: bytes
) -> None:
    """Start what applies these events to messages of these gateways. ``told`` is what the provider said, as it came:
    the same again is not started again.

    Raises:
        RPCError: Temporal does not answer; whether it was started is not known.
    """
    inbound = any(isinstance(event, Inbound) for event in events)
    source = ReceiptsSource(channel.value, list(gateways), inbound)
    digest = hashlib.sha256("\n".join([*gateways, ""]).encode() + told).hexdigest()[:32]
    rest = iter(events)
    number = 0
    while some := list(islice(rest, EVENTS_AT_A_TIME)):
        with suppress(WorkflowAlreadyStartedError):
            await client.start_workflow(
                "ReceiptsWorkflow",
                args=[source, encode_events(some)],
                id=f"receipts-{digest}-{number}",
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                rpc_timeout=_START_TIMEOUT,
                **receipts_options(gateways[0]),
            )
        number += 1
