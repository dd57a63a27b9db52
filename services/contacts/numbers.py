"""Phone numbers of one request: those outside all known numbering plans are accepted, with a warning."""

from collections.abc import Callable, Sequence
from typing import Any

from domain.countries import is_in
from domain.messages.page_content import PageMessage
from domain.recipients import InvalidRecipient, read_number

MAX_LISTED = 20
"""Contacts that a warning lists."""


class NumberReader:
    """Reads numbers, and remembers which of them are merely possible."""

    def __init__(self, region: str | None, countries: frozenset[str] | None = None) -> None:
        """``region``: of numbers without country code; ``None``: such numbers are refused. ``countries``: whose numbers
        are accepted; ``None``: those of all."""
        self._region = region
        self._countries = countries
        self._unknown: set[str] = set()

    @property
    def has_unknown(self) -> bool:
        """Whether any of them is."""
        return bool(self._unknown)

    def read(self, value: object) -> str:
        """The E.164 form of a number. Raises ``InvalidRecipient``."""
        number = read_number(value, self._region)
        if self._countries is not None and not is_in(number.e164, self._countries):
            message = "messages to this country are not allowed: by your guards (GET /api/guards), or by the install"
            raise InvalidRecipient("country_not_allowed", message)
        if not number.is_known:
            self._unknown.add(number.e164)
        return number.e164

    def warnings(self, messages: Sequence[PageMessage], contact_of: Callable[[int], int]) -> list[dict[str, Any]]:
        """The warnings about messages, or their fallbacks, to such numbers; empty where there are none.

        ``contact_of`` maps a message's index to that of its contact.
        """
        indexes = [index for index, message in enumerate(messages) if self._is_to_unknown(message)]
        if not indexes:
            return []
        count = len(indexes)
        who, it = (f"{count} contacts have numbers", "they are") if count > 1 else ("1 contact has a number", "it is")
        return [
            {
                "kind": "unknown_numbers",
                "message": f"{who} of no range that is in use, as far as known: {it} accepted, as ranges may be new",
                "count": count,
                "indexes": [contact_of(index) for index in indexes[:MAX_LISTED]],
            }
        ]

    def _is_to_unknown(self, message: PageMessage) -> bool:
        return message.to in self._unknown or any(step.to in self._unknown for step in message.fallback)
