"""Rules for link domains, shared by the API, the command line and the periodic check."""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any

from domain.errors import ConflictError
from domain.links.domain_records import alias_record, check_alias, target_of
from domain.mail.dns_records import Record, check_ownership, ownership_record, unanswered
from domain.mail.sender_domains import USABLE, Checked, RecordState, after_check, normalise_domain
from domain.messages.page import ADMIN_ACCOUNT
from gateways.net.txt_lookup import NoAnswer, TxtLookup
from services.changes import Change
from services.domains.rules import next_check
from store import clock
from store.links import link_domains
from store.links.link_domains import LinkDomain

_ABSENT = (RecordState.MISSING, RecordState.DIFFERENT)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What the DNS said about a domain."""

    domain: LinkDomain
    checks: list[Checked]


def records_of(domain: LinkDomain) -> list[Record]:
    """What is to be entered for a domain."""
    records = [ownership_record(domain.domain, domain.token)]
    return [*records, alias_record(domain.domain, domain.target)] if domain.target else records


async def add_domain(change: Change, account_id: int, name: str, public_url: str | None) -> LinkDomain:
    """Add a domain to an account, to be verified. ``public_url``: the install's.

    Raises:
        InvalidError: it is no domain that can be owned, or the account has too many.
        ConflictError: the account has it already, or the install has no public URL.
        NotFoundError: there is no such account.
    """
    normal = normalise_domain(name)
    if public_url is None:
        message = "short links lead to the install's public URL, which is not set: ask who runs it"
        raise ConflictError("public_url_missing", message)
    domain = await link_domains.add(change.store, account_id, normal, secrets.token_hex(16), target_of(public_url))
    _about(change, domain)
    change.compare({}, {"domain": domain.domain, "state": domain.state})
    return domain


async def find_domain(change: Change, domain_id: int, account_id: int | None = None) -> LinkDomain:
    """The domain that a change is about; nobody else changes it meanwhile.

    Raises:
        NotFoundError: there is no such domain.
    """
    domain = await link_domains.get(change.store, domain_id, account_id, lock=True)
    _about(change, domain)
    return domain


async def remove_domain(change: Change, domain: LinkDomain) -> None:
    """Delete a domain that ``find_domain`` found. Its links lead nowhere from now on."""
    await link_domains.delete(change.store, domain.id)


async def look_up(lookup: TxtLookup, domain: LinkDomain) -> LookedUp:
    """Ask the DNS for a domain's records. No transaction is open meanwhile."""
    checks = await asyncio.gather(*(_checked(lookup, record) for record in records_of(domain)))
    return LookedUp(domain, list(checks))


async def _checked(lookup: TxtLookup, record: Record) -> Checked:
    try:
        if record.purpose == "ownership":
            return check_ownership(record, await lookup.texts(record.name))
        return check_alias(record, await lookup.alias(record.name))
    except NoAnswer as error:
        return unanswered(record, str(error))


async def note_check(change: Change, looked: LookedUp) -> LinkDomain:
    """Store what the DNS said, and what follows from it.

    Raises:
        NotFoundError: the domain was deleted meanwhile.
        ConflictError: another account's claim was verified at the same time.
    """
    before = await find_domain(change, looked.domain.id)
    proven = all(one.state == RecordState.FOUND for one in looked.checks)
    disproved = any(one.state in _ABSENT for one in looked.checks)
    problem = None
    if proven and before.state not in USABLE and await link_domains.is_taken(change.store, before):
        proven, problem = False, f"{before.domain} is verified for another account of this install"
    now = await clock.now(change.store)
    standing = after_check(before.standing, proven=proven, disproved=disproved, now=now)
    again = next_check(before.created_at, standing)
    after = await link_domains.record(change.store, before, standing, problem, looked.checks, again)
    change.compare({"state": before.state}, {"state": after.state})
    return after


def shown(domain: LinkDomain) -> dict[str, Any]:
    """A domain, as API and commands show it."""
    checks = {one.purpose: one for one in map(Checked.read, domain.checks)}
    return {
        "id": domain.id,
        "domain": domain.domain,
        "state": domain.state,
        "problem": domain.problem,
        "failing_since": domain.failing_since,
        "verified_at": domain.verified_at,
        "checked_at": domain.checked_at,
        "created_at": domain.created_at,
        "records": [_record(record, checks.get(record.purpose)) for record in records_of(domain)],
    }


def _record(record: Record, checked: Checked | None) -> dict[str, Any]:
    return {
        "purpose": record.purpose,
        "type": "TXT" if record.purpose == "ownership" else "CNAME",
        "name": record.name,
        "value": record.value,
        "state": checked.state if checked else RecordState.UNCHECKED.value,
        "message": checked.message if checked else "it is checked within minutes, or at once when you ask for it",
        "found": checked.found if checked else [],
    }


def _about(change: Change, domain: LinkDomain) -> None:
    change.about("link_domain", domain.id, domain.domain)
    if domain.account_id != ADMIN_ACCOUNT:
        change.about("user", domain.account_id)
