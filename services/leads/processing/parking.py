"""What a source's provider refuses: whether the lead waits, the source, or the lead is gone (leads.md: the table)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateways.leads.fetching import Refused
from store.leads import leads, sources
from store.leads.leads import Lead
from store.leads.sources import Source
from store.pool import InTransaction, Pool

_FIRST, _LONGEST = 2.0, 900.0
"""Seconds between tries after temporary faults."""
_RATES = (900.0, 3600.0, 3 * 3600.0)
"""Seconds for which a provider is left alone that does not say for how long."""
LEFT_ALONE = _RATES[0]
_BLOCKED = 4 * 3600.0
_MISSING = (2.0, 10.0)
"""Seconds between tries of a lead that may be deleted, or out of sight, while no other lead tells which."""

StillThere = Callable[[], Awaitable[bool | None]]
"""Whether a lead that was fetched before can be fetched now; ``None``: there is none, or its provider is away."""
Tell = Callable[[InTransaction, Source, str, str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a refusal comes to."""

    state: str
    """Of the lead."""
    code: str
    why: str
    seconds: float | None = None
    """Until it is tried again; ``None``: when the source is mended, or never."""
    tries: int = 0
    parks: bool = False
    holds: bool = False
    """Whether nobody asks the provider for so long."""
    is_over: bool = False


async def judge(lead: Lead, refused: Refused, still_there: StillThere) -> Verdict:
    """What becomes of a lead that could not be fetched."""
    tries = lead.tries + 1
    match refused.act:
        case "access":
            return Verdict("parked", refused.code, refused.message, parks=True)
        case "rate":
            seconds = refused.after or _RATES[min(lead.tries, len(_RATES) - 1)]
            return Verdict("fetching", refused.code, refused.message, seconds, tries, holds=True)
        case "blocked":
            return Verdict("fetching", refused.code, refused.message, refused.after or _BLOCKED, tries, holds=True)
        case "missing":
            return await _missing(lead, refused, still_there)
    seconds = refused.after or min(_FIRST * 2 ** min(lead.tries, 20), _LONGEST)
    return Verdict("fetching", refused.code, refused.message, seconds, tries)


async def _missing(lead: Lead, refused: Refused, still_there: StillThere) -> Verdict:
    """One that is not there: deleted, or nothing of the source can be seen. Another lead tells which."""
    is_there = await still_there()
    if is_there:
        why = "the provider has this lead no more: it was deleted, or is older than 90 days"
        return Verdict("gone", "lead_gone", why, is_over=True)
    if is_there is None and lead.tries < len(_MISSING):
        return Verdict("fetching", refused.code, refused.message, _MISSING[lead.tries], lead.tries + 1)
    return Verdict("parked", refused.code, refused.message, parks=True)


async def apply(pool: Pool, source: Source, lead: Lead, verdict: Verdict, tell: Tell) -> str:
    """Write what a refusal comes to. Returns the state of the lead: parked only if its source is."""
    async with pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        now = await sources.of_id(store, source.id, lock=True)
        if verdict.parks and await sources.park(store, source.id, source.edition, verdict.code, verdict.why):
            await tell(store, source, verdict.code, verdict.why)
        elif verdict.parks and now is not None and now.state == "active":
            verdict = Verdict("fetching", verdict.code, verdict.why, 0.0)  # it has other credentials by now
        if verdict.holds and verdict.seconds is not None:
            await sources.hold(store, source.id, source.edition, verdict.seconds)
        await leads.set_state(
            store,
            lead.id,
            verdict.state,
            verdict.code,
            verdict.why,
            again_after=verdict.seconds,
            tries=verdict.tries,
            is_over=verdict.is_over,
        )
    return verdict.state


async def park(pool: Pool, source: Source, refused: Refused, tell: Tell) -> None:
    """Park a source that may not be asked."""
    async with pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        if await sources.park(store, source.id, source.edition, refused.code, refused.message):
            await tell(store, source, refused.code, refused.message)


async def wait_with_source(pool: Pool, lead: Lead) -> bool:
    """Have a lead wait for its source. Returns whether it does: the source may have been mended meanwhile.

    The source is locked, so that whoever mends it finds all that wait for it.
    """
    async with pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        source = await sources.of_id(store, lead.source_id, lock=True)
        if source is None or source.state == "active":
            return False
        code, why = source.parked_code, source.parked_reason
        if source.state == "disabled":
            code, why = "source_disabled", "the source is disabled: its leads wait until it is enabled"
        await leads.set_state(store, lead.id, "parked", code, why)
    return True
