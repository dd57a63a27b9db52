"""Looks up the records of a sender domain in the DNS. No transaction is open meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from domain.mail.dns_records import (
    DKIM,
    DKIM_NEXT,
    DMARC,
    OWNERSHIP,
    SPF,
    Record,
    check_dkim,
    check_dmarc,
    check_ownership,
    check_spf,
    unanswered,
)
from domain.mail.sender_domains import DMARC_HOST, Checked
from domain.mail.spf import MOST_LOOKUPS, is_spf, lookups, merged
from gateways.net.txt_lookup import NoAnswer, TxtLookup
from services.domains.records import needed_terms, records_of
from store.accounts.sender_domains import SenderDomain
from store.pool import Connections

_LONGEST = 30.0
"""Seconds that the look-up of one record may take, with what it leads to."""
_MOST_ASKED = 2 * MOST_LOOKUPS
"""SPF records of others that are read to count look-ups."""
_MOST_PARENTS = 5


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What the DNS said about a domain."""

    domain: SenderDomain
    """As it was when the DNS was asked."""
    checks: list[Checked]


async def look_up(store: Connections, lookup: TxtLookup, domain: SenderDomain) -> LookedUp:
    """Ask the DNS for all records of a domain, side by side."""
    needed = await needed_terms(store, domain.account_id)
    asked = [_checked(lookup, record, needed) for record in records_of(domain, needed)]
    return LookedUp(domain, list(await asyncio.gather(*asked)))


async def _checked(lookup: TxtLookup, record: Record, needed: Sequence[str]) -> Checked:
    try:
        async with asyncio.timeout(_LONGEST):
            return await _CHECKS[record.purpose](lookup, record, needed)
    except NoAnswer as error:
        return unanswered(record, str(error))
    except TimeoutError:
        return unanswered(record, "no answer in time")


async def _ownership(lookup: TxtLookup, record: Record, _: Sequence[str]) -> Checked:
    return check_ownership(record, await lookup.texts(record.name))


async def _dkim(lookup: TxtLookup, record: Record, _: Sequence[str]) -> Checked:
    return check_dkim(record, await lookup.texts(record.name))


async def _spf(lookup: TxtLookup, record: Record, needed: Sequence[str]) -> Checked:
    found = await lookup.texts(record.name)
    there = [text for text in found if is_spf(text)]
    return check_spf(record, found, needed, await _count(lookup, merged(there, needed)))


async def _count(lookup: TxtLookup, text: str) -> int:
    """The look-ups of a record and of those that it includes, as far as they can be read; more than the limit is
    enough to know."""
    count, waiting = lookups(text)
    seen: set[str] = set()
    while waiting and count <= MOST_LOOKUPS and len(seen) < _MOST_ASKED:
        name = waiting.pop()
        if name in seen or "%" in name or not name:  # macros depend on the mail
            continue
        seen.add(name)
        try:
            found = await lookup.texts(name)
        except NoAnswer:
            continue
        for other in filter(is_spf, found):
            more, names = lookups(other)
            count += more
            waiting += names
    return count


async def _dmarc(lookup: TxtLookup, record: Record, _: Sequence[str]) -> Checked:
    """That of the domain, or of the closest parent that has one."""
    first = check_dmarc(record, await lookup.texts(record.name), record.name)
    if first.state != "missing":
        return first
    labels = record.name.split(".")[1:]
    for start in range(1, min(_MOST_PARENTS, len(labels) - 2) + 1):
        name = ".".join([DMARC_HOST, *labels[start:]])
        checked = check_dmarc(record, await lookup.texts(name), name)
        if checked.state != "missing":
            return checked
    return first


_CHECKS: dict[str, Callable[[TxtLookup, Record, Sequence[str]], Awaitable[Checked]]] = {
    OWNERSHIP: _ownership,
    DKIM: _dkim,
    DKIM_NEXT: _dkim,
    SPF: _spf,
    DMARC: _dmarc,
}
