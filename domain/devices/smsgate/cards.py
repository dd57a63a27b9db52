"""SIM cards, as the app describes them: of numbers and ICCIDs it shows the last four characters at most."""

from collections.abc import Mapping
from typing import Any

from domain.devices.sims import MOST_SLOTS, Card
from domain.devices.smsgate.values import mapping, text, whole

_END = 4
_MOST_TEXT = 50


def cards_of(value: object) -> list[Card]:
    """The cards of a phone; none: it may not read them. What cannot be read is left out."""
    rows = value if isinstance(value, list) else []
    found = {card.slot: card for row in rows[:_MOST_TEXT] if (card := _card(mapping(row))) is not None}
    return list(found.values())


def _card(row: Mapping[str, Any]) -> Card | None:
    slot, iccid = whole(row.get("slotIndex")), text(row.get("iccid"), _MOST_TEXT)
    if slot is None or not 0 <= slot < MOST_SLOTS:
        return None
    return Card(
        slot,
        number=text(row.get("phoneNumber"), _MOST_TEXT),
        carrier=text(row.get("carrierName"), _MOST_TEXT),
        iccid_end=iccid[-_END:] if iccid else None,
    )
