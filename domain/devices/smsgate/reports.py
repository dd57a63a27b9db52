"""States of messages, as the app reports them."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.devices.messages import Report, Status
from domain.devices.smsgate.ids import parse_id
from domain.devices.smsgate.values import mapping, moment, text

_MOST = 500
"""Messages of one request; the app reports one."""
_MOST_REASON = 500

_STATUS: Mapping[str, Status] = {
    "Pending": "accepted",
    "Processed": "accepted",  # it is in the hands of the phone, whatever that may do
    "Sent": "sent",
    "Delivered": "delivered",
    "Failed": "failed",
    "Cancelled": "cancelled",
}


def reports_of(body: object) -> list[Report]:
    """What the app says of messages. What cannot be read, and messages that are none of ours, are left out."""
    rows = body[:_MOST] if isinstance(body, list) else []
    return [report for row in rows for report in _report(mapping(row))]


def _report(row: Mapping[str, Any]) -> Iterator[Report]:
    known = parse_id(row["id"]) if isinstance(row.get("id"), str) else None
    recipients = row.get("recipients")
    # Each message has one recipient, whose state is newer than that of the message.
    recipient = mapping(recipients[0]) if isinstance(recipients, list) and recipients else {}
    states = (text(recipient.get("state")), text(row.get("state")))
    state = next((one for one in states if one in _STATUS), None)
    if known is None or state is None:
        return
    uid, attempt = known
    reason = text(recipient.get("error"), _MOST_REASON)
    yield Report(uid, attempt, _STATUS[state], reason=reason, at=moment(mapping(row.get("states")).get(state)))
