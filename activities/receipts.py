"""apply_receipts: records receipts of providers."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from itertools import groupby
from uuid import UUID

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError

from domain.ids import page_of
from domain.messages.receipts import Applied, Event, Receipt, ReceiptsSource, Share, decode_events
from store.messages import receipts
from store.messages.receipts import GatewaysReceipts
from store.pool import Pool

SendLate = Callable[[Pool, Client, Collection[UUID]], Awaitable[object]]


class Receipts:
    """A handful of statements, however many events there are; each is safe to repeat."""

    def __init__(self, pool: Pool, send_late: SendLate | None = None) -> None:
        """``send_late``: sends templates that follow messages; ``None``: maintenance does."""
        self._pool = pool
        self._send_late = send_late

    @activity.defn(name="apply_receipts")
    async def apply_receipts(self, source: ReceiptsSource, events: bytes, places: list[int] | None) -> Applied:
        """Apply the events at these indexes, ascending; ``None``: all of them. At most ``source.at_a_time``."""
        decoded = decode_events(events)
        wanted = list(range(len(decoded))) if places is None else places
        end = source.at_a_time or len(wanted)
        chosen = [place for place in wanted[:end] if isinstance(decoded[place], Receipt)]
        outcome = await receipts.apply(self._pool, _by_gateways(source, decoded, chosen))
        if outcome.late and self._send_late:
            with suppress(RPCError):  # maintenance sends them
                await self._send_late(self._pool, activity.client(), outcome.late)
        awaited: dict[str, list[str]] = {}
        for one in outcome.new:
            if one.moved and one.awaited:
                awaited.setdefault(str(page_of(one.uid)), []).append(str(one.uid))
        unmatched = [chosen[n] for n in outcome.unmatched]
        return Applied(unmatched, awaited, sorted(map(str, outcome.endpoints)), wanted[end:])


def _by_gateways(source: ReceiptsSource, events: Sequence[Event], chosen: Sequence[int]) -> list[GatewaysReceipts]:
    """The receipts at these indexes, in their order."""
    shares = source.shares or [Share(source.gateways, len(events))]
    share_of = [number for number, share in enumerate(shares) for _ in range(share.events)]
    groups = []
    for number, places in groupby(chosen, share_of.__getitem__):
        found = [event for place in places if isinstance(event := events[place], Receipt)]
        groups.append(GatewaysReceipts([UUID(gateway_id) for gateway_id in shares[number].gateways], found))
    return groups
