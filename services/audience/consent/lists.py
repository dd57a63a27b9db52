"""Lists of suppressions and of consent as CSV. Pure computation, so that it can run in any process."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Generic, TypeVar
from uuid import UUID

from domain.audience.consents import ConsentState, NewConsent
from domain.audience.purposes import EVERYTHING
from domain.channels import Channel
from domain.errors import FieldError, InvalidError, pointer
from domain.recipients import InvalidRecipient, normalise_email, normalise_number

MOST_ROWS = 50_000
MOST_ERRORS = 100
"""Rows that cannot be read and are named; others are only counted."""
LONGEST_REASON = 200
LONGEST_TEXT = 2000
IMPORTED = "imported"
FIRST_TIME, LAST_TIME = datetime(1971, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Between which times may be: others are typing errors, or what no database can hold."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ListedSuppression:
    """A row of a list of suppressions."""

    channel: str
    recipient: str
    reason: str
    created_at: datetime | None
    """When it began; ``None``: now."""
    until: datetime | None
    uid: UUID | None


@dataclass(slots=True)
class ReadList(Generic[_T]):
    """What was read of a list."""

    rows: list[_T] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)
    refused: int = 0
    """Rows that cannot be read; the errors name the first of them, by the number of their line."""


class _Row:
    """One row, by the names of its columns."""

    def __init__(self, number: int, values: Mapping[str, str]) -> None:
        self.number = number
        self._values = values

    def text(self, name: str) -> str:
        """A value, without the mark with which lists keep spreadsheets from computing it."""
        value = self._values.get(name, "").strip()
        return value[1:] if value[:1] == "'" and value[1:2] in ("=", "+", "-", "@") else value

    def error(self, name: str, code: str, message: str) -> FieldError:
        return FieldError(pointer("rows", self.number, name), code, message)

    def read(self, name: str, kind: Callable[[str], _T], code: str, message: str) -> _T | None:
        """A value that may be missing."""
        text = self.text(name)
        if not text:
            return None
        try:
            return kind(text)
        except ValueError:
            raise _BadRow(self.error(name, code, message)) from None

    def time(self, name: str) -> datetime | None:
        found = self.read(name, datetime.fromisoformat, "list_time", "write a time as 2027-01-31T12:00:00Z")
        if found is not None and found.tzinfo is None:
            raise _BadRow(self.error(name, "list_time", "write the time's offset as well, such as Z or +01:00"))
        if found is not None and not FIRST_TIME < found < LAST_TIME:
            raise _BadRow(self.error(name, "list_time", "this time is centuries away"))
        return found

    def address(self) -> tuple[str, str]:
        """Channel and recipient, as messages have them."""
        try:
            channel = Channel(self.text("channel").lower())
        except ValueError:
            raise _BadRow(self.error("channel", "list_channel", "the channel is email, sms or whatsapp")) from None
        given = self.text("recipient")
        try:
            found = normalise_email(given) if channel is Channel.EMAIL else normalise_number(given, None)
        except InvalidRecipient as error:
            raise _BadRow(self.error("recipient", error.code, error.message)) from None
        return channel.value, found


class _BadRow(Exception):
    """A row cannot be read."""

    def __init__(self, error: FieldError) -> None:
        super().__init__(error.message)
        self.error = error


def read_suppressions(raw: bytes, most: int | None = MOST_ROWS) -> ReadList[ListedSuppression] | InvalidError:
    """Read a list with the columns ``channel`` and ``recipient``, and perhaps more of a ``ListedSuppression``.

    ``most``: rows. An error is returned, not raised: this runs in a process of its own.
    """
    return _read(raw, ("channel", "recipient"), _suppression, most)


def read_consents(raw: bytes, purposes: Sequence[str]) -> ReadList[NewConsent] | InvalidError:
    """Read a list with columns of a ``NewConsent``: ``channel``, ``recipient``, ``purpose``, ``state``, perhaps more.

    ``purposes``: those of the account.
    """
    known = {*purposes, EVERYTHING}
    return _read(raw, ("channel", "recipient", "purpose", "state"), lambda row: _consent(row, known), MOST_ROWS)


def _suppression(row: _Row) -> ListedSuppression:
    channel, recipient = row.address()
    uid = row.read("uid", UUID, "list_uid", "this is no uid of a message")
    reason = row.text("reason")[:LONGEST_REASON] or IMPORTED
    return ListedSuppression(channel, recipient, reason, row.time("created_at"), row.time("until"), uid)


def _consent(row: _Row, known: set[str]) -> NewConsent:
    channel, recipient = row.address()
    purpose, state = row.text("purpose"), row.text("state").lower()
    if purpose not in known:
        raise _BadRow(row.error("purpose", "purpose_unknown", "there is no such purpose: see /api/purposes"))
    if state not in (ConsentState.GRANTED, ConsentState.WITHDRAWN):
        raise _BadRow(row.error("state", "list_state", "the state is granted or withdrawn"))
    ip = row.read("ip", ip_address, "list_ip", "this is no IP address")
    shown = row.text("text_shown")[:LONGEST_TEXT] or None
    at = row.time("at")
    return NewConsent(channel, recipient, purpose, ConsentState(state), IMPORTED, at, shown, str(ip) if ip else None)


def _read(
    raw: bytes, needed: Sequence[str], read: Callable[[_Row], _T], most: int | None
) -> ReadList[_T] | InvalidError:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return InvalidError("list_encoding", "send the list as CSV in UTF-8")
    found: ReadList[_T] = ReadList()
    try:
        lines = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), strict=True)
        head = [name.strip().lower() for name in next(lines, [])]
        if missing := [name for name in needed if name not in head]:
            message = f"the first line of the list names its columns: it lacks {', '.join(missing)}"
            return InvalidError("list_columns", message)
        for number, values in enumerate(lines, 1):
            if most is not None and number > most:
                return InvalidError("list_rows", f"more than {most} rows: send the list in several requests")
            if any(values):
                _add(found, _Row(number, dict(zip(head, values, strict=False))), read)
    except csv.Error as error:
        return InvalidError("list_syntax", f"this is no CSV: {error}")
    return found


def _add(found: ReadList[_T], row: _Row, read: Callable[[_Row], _T]) -> None:
    try:
        found.rows.append(read(row))
    except _BadRow as bad:
        found.refused += 1
        if len(found.errors) < MOST_ERRORS:
            found.errors.append(bad.error)
