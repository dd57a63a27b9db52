"""Starts the workflow for events that a provider reported: durable before the provider gets its answer, once only."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.channels import Channel
from domain.messages.receipts import Event, Inbound, ReceiptsSource, encode_events
from workflows.policy import receipts_options

MOST_EVENTS = 2000
"""Events of one workflow."""
MOST_BYTES = 500_000
"""Bytes of a workflow's input: Temporal accepts 2 MB, and warns beyond 512 KiB."""
_START_TIMEOUT = timedelta(seconds=5)


async def start_receipts(
    client: Client, channel: Channel, gateways: Sequence[str], events: Sequence[Event], raw: bytes
) -> None:
    """Start the workflow that applies these events to messages of these gateways. ``raw`` is the provider's request:
    a repeat of it starts nothing.

    Raises:
        RPCError: Temporal does not answer; whether it was started is not known.
    """
    inbound = any(isinstance(event, Inbound) for event in events)
    source = ReceiptsSource(channel.value, list(gateways), inbound)
    digest = hashlib.sha256("\n".join([*gateways, ""]).encode() + raw).hexdigest()[:32]
    for number, part in enumerate(for_workflows(events)):
        with suppress(WorkflowAlreadyStartedError):
            await client.start_workflow(
                "ReceiptsWorkflow",
                args=[source, part],
                id=f"receipts-{digest}-{number}",
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                rpc_timeout=_START_TIMEOUT,
                **receipts_options(gateways[0]),
            )


def for_workflows(events: Sequence[Event]) -> Iterator[bytes]:
    """The events, encoded, in as many parts as needed. The same events always give the same parts."""
    for start in range(0, len(events), MOST_EVENTS):
        yield from _parts(events[start : start + MOST_EVENTS])


def _parts(events: Sequence[Event]) -> Iterator[bytes]:
    encoded = encode_events(events)
    if len(encoded) <= MOST_BYTES or len(events) == 1:
        yield encoded
    else:
        half = len(events) // 2
        yield from _parts(events[:half])
        yield from _parts(events[half:])
