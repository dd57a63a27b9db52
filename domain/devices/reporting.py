"""What follows from the reports of phones: they repeat, come late, and in any order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from domain.devices.faults import Fault, fault
from domain.devices.messages import Report
from domain.messages.receipts import ReceiptKind

RETRY_SECONDS = 2.0
"""After a SIM failed by itself its message waits so long before it is given to another one."""

_ORDER = {"accepted": 0, "sent": 1, "delivered": 2, "cancelled": 3, "failed": 4}
"""Of reports that come together: what says that something left comes first."""

Ending = Literal["accepted", "refused", "retry_later", "expired", "cancelled", "unknown"]


@dataclass(slots=True)
class Held:
    """An attempt at a message that a phone has or had."""

    uid: UUID
    attempt: int
    sim: str
    parts: int
    is_with_phone: bool
    outcome: str | None
    is_taken: bool
    is_cancelling: bool
    sent: set[int]
    """Parts that the radio took."""
    delivered: set[int]


@dataclass(slots=True)
class Consequence:
    """What reports of one attempt lead to."""

    is_changed: bool = False
    """Whether there is progress to note."""
    ending: Ending | None = None
    code: str | None = None
    reason: str | None = None
    receipts: list[tuple[ReceiptKind, str | None, str | None]] = field(default_factory=list)
    """Kind, code and reason of what is reported of a message that was sent before."""
    is_unsent: bool = False
    """Whether it surely never left the phone."""
    cooling: Fault | None = None
    """Why its SIM is to be left alone."""


def consequence(held: Held, reports: Iterable[Report]) -> Consequence:
    """What follows from these reports. Changes ``held`` by the parts that were sent and delivered."""
    found = Consequence()
    for report in sorted(reports, key=lambda one: _ORDER[one.status]):
        if report.status == "accepted":
            found.is_changed |= not held.is_taken
            held.is_taken = True
        elif report.status in ("sent", "delivered"):
            _advance(held, report, found)
        elif report.status == "cancelled":
            _cancel(held, found)
        else:
            _fail(held, report, found)
    return found


def _is_open(held: Held, found: Consequence) -> bool:
    """Whether the attempt has no end that a report could not still change."""
    return found.ending is None and (held.is_with_phone or held.outcome == "unknown")


def _advance(held: Held, report: Report, found: Consequence) -> None:
    parts = max(1, report.parts)
    part = min(max(1, report.part), parts)
    known = len(held.sent), len(held.delivered)
    held.sent.add(part)
    if report.status == "delivered":
        held.delivered.add(part)
    found.is_changed |= known != (len(held.sent), len(held.delivered))
    is_sent = len(held.sent) >= parts
    if is_sent and _is_open(held, found):
        found.ending = "accepted"
    if report.status == "delivered" and len(held.delivered) >= parts:
        found.receipts.append((ReceiptKind.DELIVERED, None, None))
    elif is_sent and held.outcome in ("expired", "cancelled", "retry_later", "returned"):
        found.receipts.append((ReceiptKind.SENT, None, None))


def _cancel(held: Held, found: Consequence) -> None:
    if held.is_with_phone and found.ending is None and not held.sent:
        found.ending, found.is_unsent = "cancelled", True
        found.code, found.reason = "cancelled", "the phone gave it back before it was sent"


def _fail(held: Held, report: Report, found: Consequence) -> None:
    why = fault(report.code, report.reason)
    reason = report.reason or report.code or "the phone did not say why"
    was_sent = found.ending == "accepted" or held.outcome == "accepted"
    if was_sent:
        found.receipts.append((ReceiptKind.UNDELIVERED, why.code, reason))
        return
    if not _is_open(held, found):
        return
    found.code, found.reason = why.code, reason
    if held.sent:  # some parts have left: sending it elsewhere would double them
        found.ending, found.code = "refused", "android_partly_sent"
    elif why.kind == "expired":
        found.ending, found.is_unsent = "expired", True
    elif why.kind == "refused":
        found.ending = "refused"
    elif max(held.parts, report.parts) > 1:  # Android has all parts sent at once: others of it may have left
        found.ending, found.code, found.cooling = "unknown", "android_parts_unknown", why
    else:
        found.ending, found.is_unsent, found.cooling = "retry_later", True, why
    if held.outcome == "unknown":
        _keep_ended(found)


def _keep_ended(found: Consequence) -> None:
    """The page of a message that was ``unknown`` has ended: nothing sends it again."""
    if found.ending == "unknown":
        found.ending = None
    elif found.ending in ("retry_later", "expired"):
        found.ending = "refused"
