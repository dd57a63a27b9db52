"""apply_receipts: records receipts of providers."""

from uuid import UUID

from temporalio import activity

from domain.ids import page_of
from domain.messages.receipts import Applied, Receipt, ReceiptsSource, decode_events
from store.messages import receipts
from store.pool import Pool


class Receipts:
    """A handful of statements, however many events there are; each is safe to repeat."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="apply_receipts")
    async def apply_receipts(self, source: ReceiptsSource, events: bytes, places: list[int] | None) -> Applied:
        """Apply the events at these indexes; ``None``: all of them."""
        decoded = decode_events(events)
        chosen = range(len(decoded)) if places is None else places
        found = [(place, event) for place in chosen if isinstance(event := decoded[place], Receipt)]
        gateways = [UUID(gateway_id) for gateway_id in source.gateways]
        outcome = await receipts.apply(self._pool, gateways, [event for _, event in found])
        awaited: dict[str, list[str]] = {}
        for one in outcome.new:
            if one.moved and one.awaited:
                awaited.setdefault(str(page_of(one.uid)), []).append(str(one.uid))
        return Applied([found[n][0] for n in outcome.unmatched], awaited, sorted(map(str, outcome.endpoints)))
