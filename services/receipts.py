"""Starts the workflow for events that providers reported: durable before a provider gets its answer."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.channels import Channel
from domain.messages.receipts import Event, Inbound, ReceiptsSource, Share, encode_events, join_events
from runtime.search_attributes import attributes
from workflows.policy import receipts_options

MOST_EVENTS = 2000
"""Events of one workflow."""
MOST_BYTES = 500_000
"""Bytes of a workflow's input: Temporal accepts 2 MB, and warns beyond 512 KiB."""
START_SECONDS = 5.0
"""How long Temporal's answer to a start is awaited."""
_AT_A_TIME = 500
"""Events of one transaction: it locks their messages and the wallets of those that are refunded."""


@dataclass(frozen=True, slots=True)
class PostPart:
    """What one workflow can carry of a provider's post."""

    id: str
    """The same post always has the same parts with the same ids."""
    channel: Channel
    gateways: tuple[str, ...]
    """Ids of the gateways whose secret the post was signed with."""
    events: bytes
    count: int
    is_inbound: bool
    """Whether there may be inbound messages among the events."""


def parts_of(channel: Channel, gateways: Sequence[str], events: Sequence[Event], raw: bytes) -> Iterator[PostPart]:
    """The parts of a post; ``raw`` is the provider's request."""
    digest = hashlib.sha256("\n".join([*gateways, ""]).encode() + raw).hexdigest()[:32]
    is_inbound = any(isinstance(event, Inbound) for event in events)
    for number, (part, count) in enumerate(for_workflows(events)):
        yield PostPart(f"{digest}-{number}", channel, tuple(gateways), part, count, is_inbound)


async def start_receipts(client: Client, parts: Sequence[PostPart], after: timedelta | None = None) -> None:
    """Start one workflow that applies these parts; more than one must be without inbound messages. ``after``: it does
    so only then.

    A repeat of the same parts starts nothing. In other company a part is applied again, which changes nothing.

    Raises:
        RPCError: Temporal does not answer; whether it was started is not known.
    """
    ids = [part.id for part in parts]
    with suppress(WorkflowAlreadyStartedError):
        await client.start_workflow(
            "ReceiptsWorkflow",
            args=list(_own_input(parts[0]) if len(parts) == 1 else _shared_input(parts)),
            id=f"receipts-{ids[0] if len(ids) == 1 else hashlib.sha256(','.join(ids).encode()).hexdigest()[:32]}",
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            rpc_timeout=timedelta(seconds=START_SECONDS),
            start_delay=after,
            search_attributes=attributes(lane="receipts", channel=parts[0].channel.value if len(parts) == 1 else ""),
            **receipts_options(parts[0].gateways[0]),
        )


def _own_input(part: PostPart) -> tuple[ReceiptsSource, bytes]:
    source = ReceiptsSource(part.channel.value, list(part.gateways), part.is_inbound, at_a_time=_AT_A_TIME)
    return source, part.events


def _shared_input(parts: Sequence[PostPart]) -> tuple[ReceiptsSource, bytes]:
    by_gateways: dict[tuple[str, ...], list[PostPart]] = {}
    for part in parts:
        by_gateways.setdefault(part.gateways, []).append(part)
    shares = [Share(list(gateways), sum(part.count for part in own)) for gateways, own in by_gateways.items()]
    events = join_events(part.events for own in by_gateways.values() for part in own)
    return ReceiptsSource("", [], shares=shares, at_a_time=_AT_A_TIME), events


def for_workflows(events: Sequence[Event]) -> Iterator[tuple[bytes, int]]:
    """The events, encoded, in as many parts as needed, and how many are in each. The same events always give the same
    parts.
    """
    for start in range(0, len(events), MOST_EVENTS):
        yield from _parts(events[start : start + MOST_EVENTS])


def _parts(events: Sequence[Event]) -> Iterator[tuple[bytes, int]]:
    encoded = encode_events(events)
    if len(encoded) <= MOST_BYTES or len(events) == 1:
        yield encoded, len(events)
    else:
        half = len(events) // 2
        yield from _parts(events[:half])
        yield from _parts(events[half:])
