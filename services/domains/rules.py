"""Rules for sender domains, shared by the API, the command line and the periodic check."""

import asyncio
import random
import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.callbacks import EventType
from domain.errors import ConflictError
from domain.keyring import Keyring
from domain.mail.dns_records import DKIM, DKIM_NEXT, OWNERSHIP
from domain.mail.sender_domains import (
    USABLE,
    Checked,
    DomainState,
    RecordState,
    Standing,
    after_check,
    normalise_domain,
)
from domain.messages.page import ADMIN_ACCOUNT
from domain.request_rates import Rate
from services.changes import Change
from services.domains.look_up import LookedUp
from store import clock
from store.accounts import request_rates, sender_domains
from store.accounts.sender_domains import CheckedDomain, NewKey, SenderDomain
from store.pool import Connections, Pool

CHECK_RATE = Rate(6 / 60, burst=10)
"""Checks that one account may ask for: each is some questions to the DNS."""
KEY_RATE = Rate(6 / 60, burst=20)
"""Keys that are made for one account: each takes a tenth of a second of a processor."""

TAKEN = "domain_taken"

_EVERY = timedelta(hours=6)
_EVERY_FAILING = timedelta(hours=1)
_SOONEST = timedelta(minutes=5)
_LATEST = timedelta(hours=24)
_JITTER = 0.2
_BITS = 2048
_SELECTOR = "xs"
_EVENTS = {
    DomainState.VERIFIED: EventType.DOMAIN_VERIFIED,
    DomainState.FAILING: EventType.DOMAIN_FAILING,
    DomainState.UNVERIFIED: EventType.DOMAIN_UNVERIFIED,
}
_ABSENT = (RecordState.MISSING, RecordState.DIFFERENT)


@dataclass(frozen=True, slots=True)
class Noted:
    """A domain after a check."""

    domain: SenderDomain
    endpoints: set[UUID] = field(default_factory=set)
    """Endpoints of the customer to wake."""


async def take_turn(pool: Pool, account_id: int, rate: Rate, what: str) -> float:
    """Count something that an account asks for. Returns the seconds to wait; 0: none."""
    return max(0.0, await request_rates.take(pool, f"{what} of account {account_id}", rate))


async def make_key(number: int = 1) -> NewKey:
    """A new key; the number makes its selector. It takes a tenth of a second, in a thread."""
    return await asyncio.to_thread(_make_key, f"{_SELECTOR}{number}")


async def add_domain(change: Change, keyring: Keyring, account_id: int, name: str, key: NewKey) -> SenderDomain:
    """Add a domain to an account, to be verified.

    Raises:
        InvalidError: it is no domain that can be owned, or the account has too many.
        ConflictError: the account has it already.
        NotFoundError: there is no such account.
    """
    token = secrets.token_hex(16)
    domain = await sender_domains.add(change.store, keyring, account_id, normalise_domain(name), token, key)
    _about(change, domain)
    change.compare({}, {"domain": domain.domain, "state": domain.state, "selector": domain.selector})
    return domain


async def remove_domain(change: Change, domain_id: int, account_id: int | None = None) -> None:
    """Delete a domain. What waits to be sent from it fails. ``account_id``: it must be this account's.

    Raises:
        NotFoundError: there is no such domain.
    """
    domain = await find_domain(change, domain_id, account_id)
    await sender_domains.delete(change.store, domain.id)


async def rotate_key(
    change: Change, keyring: Keyring, domain_id: int, key: NewKey, account_id: int | None = None
) -> SenderDomain:
    """Have the domain signed with another key from the check on that sees its record.

    Raises:
        NotFoundError: there is no such domain.
        ConflictError: a new key waits for its record already, or one was made at the same time.
    """
    domain = await find_domain(change, domain_id, account_id)
    if domain.next_selector is not None:
        message = f"the key {domain.next_selector} waits for its record already: enter that, and ask for a check"
        raise ConflictError("rotation_pending", message)
    if key.selector != f"{_SELECTOR}{next_number(domain)}":
        raise ConflictError("rotation_pending", "the key was changed at the same time: read the domain again")
    after = await sender_domains.set_next_key(change.store, keyring, domain, key)
    change.compare({"next_selector": None}, {"next_selector": after.next_selector})
    return after


def next_number(domain: SenderDomain) -> int:
    """The number of a domain's next key."""
    return int(domain.selector.removeprefix(_SELECTOR)) + 1


async def find_domain(change: Change, domain_id: int, account_id: int | None = None) -> SenderDomain:
    """The domain that a change is about; nobody else changes it meanwhile.

    Raises:
        NotFoundError: there is no such domain.
    """
    domain = await sender_domains.get(change.store, domain_id, account_id, lock=True)
    _about(change, domain)
    return domain


async def note_check(change: Change, looked: LookedUp) -> Noted:
    """Store what the DNS said, and what follows from it.

    Raises:
        NotFoundError: the domain was deleted meanwhile.
        ConflictError: another account's claim was verified at the same time.
    """
    before = await find_domain(change, looked.domain.id)
    if _keys(before) != _keys(looked.domain):  # the answers are about other records
        return Noted(before)
    result = await _result(change.store, before, looked)
    after = await sender_domains.record(change.store, before, result, next_check(before.created_at, result.standing))
    change.compare(_compared(before), _compared(after))
    if after.state == before.state:
        return Noted(after)
    event = _EVENTS[DomainState(after.state)]
    return Noted(after, await sender_domains.notify(change.store, after, event, _told(after)))


async def _result(store: Connections, before: SenderDomain, looked: LookedUp) -> CheckedDomain:
    checks = {one.purpose: one for one in looked.checks}
    switches = DKIM_NEXT in checks and checks[DKIM_NEXT].state == RecordState.FOUND
    required = [checks[OWNERSHIP], checks[DKIM_NEXT if switches else DKIM]]
    proven = all(one.state == RecordState.FOUND for one in required)
    disproved = any(one.state in _ABSENT for one in required)
    problem = None
    if proven and before.state not in USABLE and await sender_domains.is_taken(store, before):
        proven, problem = False, _taken(before.domain)
    standing = after_check(before.standing, proven=proven, disproved=disproved, now=await clock.now(store))
    return CheckedDomain(standing, problem, _kept(looked.checks, switches), switches)


def _kept(checks: list[Checked], switches: bool) -> list[Checked]:
    """The checks to store: those of the key to come are those of the key once it is used."""
    if not switches:
        return checks
    renamed = {DKIM_NEXT: DKIM}
    return [
        Checked(renamed.get(one.purpose, one.purpose), one.state, one.message, one.found, one.value)
        for one in checks
        if one.purpose != DKIM
    ]


def next_check(created_at: datetime, after: Standing) -> timedelta:
    """When to check next; a little earlier or later, so that domains that were added together do not stay together."""
    if after.state == DomainState.UNVERIFIED:  # often at first, when somebody waits for it
        age = datetime.now(UTC) - created_at
        pause = min(max(age / 4, _SOONEST), _LATEST)
    else:
        pause = _EVERY_FAILING if after.failures else _EVERY
    return pause * (1 + _JITTER * (2 * random.random() - 1))  # noqa: S311 - no secret


def _taken(domain: str) -> str:
    return (
        f"{domain} is verified for another account of this install. If it is yours now, remove the TXT record of that "
        f"account at _xsender.{domain}: some days later that account loses the domain, and yours gets it"
    )


def _told(domain: SenderDomain) -> dict[str, Any]:
    """A domain, as events tell it."""
    by_admin = domain.account_id == ADMIN_ACCOUNT
    return {
        "id": domain.id,
        "domain": domain.domain,
        "state": domain.state,
        "records": [
            {"purpose": one.purpose, "state": one.state, "message": one.message}
            for one in map(Checked.read, domain.checks)
        ],
        "user_id": None if by_admin else domain.account_id,
        "by_admin": by_admin,
        "at": domain.checked_at,
    }


def _keys(domain: SenderDomain) -> tuple[str, str | None]:
    return domain.public, domain.next_public


def _compared(domain: SenderDomain) -> dict[str, Any]:
    return {"state": domain.state, "selector": domain.selector, "next_selector": domain.next_selector}


def _about(change: Change, domain: SenderDomain) -> None:
    change.about("domain", domain.id, domain.domain)
    if domain.account_id != ADMIN_ACCOUNT:
        change.about("user", domain.account_id)


def _make_key(selector: str) -> NewKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = generate_private_key(public_exponent=65537, key_size=_BITS)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return NewKey(selector, private, b64encode(public).decode())
