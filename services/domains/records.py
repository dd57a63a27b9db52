"""A sender domain as it is shown: its state, and its records to copy with what the last check found."""

from collections.abc import Sequence
from typing import Any

from domain.mail.dns_records import Record, dkim_record, dmarc_record, ownership_record, spf_record
from domain.mail.sender_domains import Checked, RecordState
from domain.mail.spf import INCLUDES
from domain.messages.page import ADMIN_ACCOUNT
from store.accounts import sender_domains
from store.accounts.sender_domains import SenderDomain
from store.pool import Connections

_NOT_CHECKED = "it is checked within minutes, or at once when you ask for it"


async def needed_terms(store: Connections, account_id: int) -> list[str]:
    """The terms of SPF that the providers want through which the account may send from its domains."""
    types = await sender_domains.gateway_types(store, account_id)
    return [INCLUDES[name] for name in types if name in INCLUDES]


def records_of(domain: SenderDomain, needed: Sequence[str] = ()) -> list[Record]:
    """What is to be entered for a domain. ``needed``: terms of its SPF record."""
    records = [
        ownership_record(domain.domain, domain.token),
        dkim_record(domain.domain, domain.selector, domain.public),
    ]
    if domain.next_selector and domain.next_public:
        records.append(dkim_record(domain.domain, domain.next_selector, domain.next_public, is_next=True))
    return [*records, spf_record(domain.domain, needed), dmarc_record(domain.domain)]


def shown(domain: SenderDomain, needed: Sequence[str] = ()) -> dict[str, Any]:
    """A domain, as API and commands show it."""
    checks = {one.purpose: one for one in map(Checked.read, domain.checks)}
    return {
        "id": domain.id,
        "domain": domain.domain,
        "user_id": None if domain.account_id == ADMIN_ACCOUNT else domain.account_id,
        "state": domain.state,
        "problem": domain.problem,
        "failing_since": domain.failing_since,
        "verified_at": domain.verified_at,
        "checked_at": domain.checked_at,
        "created_at": domain.created_at,
        "records": [_record(record, checks.get(record.purpose)) for record in records_of(domain, needed)],
    }


def _record(record: Record, checked: Checked | None) -> dict[str, Any]:
    value = checked.value if checked and checked.value else record.value
    asked = Record(record.purpose, record.name, value, record.is_required)
    return {
        "purpose": record.purpose,
        "type": "TXT",
        "name": record.name,
        "value": value,
        "strings": asked.strings,
        "required": record.is_required,
        "state": checked.state if checked else RecordState.UNCHECKED.value,
        "message": checked.message if checked else _NOT_CHECKED,
        "found": checked.found if checked else [],
    }
