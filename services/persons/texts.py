"""Values and texts by which somebody is found in what was stored as JSON."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from domain.audience.contacts.contact import Contact

_SHORTEST_NAME = 5
_SHORTEST_TEXT = 8
"""Characters of an answer that tells whom a text is about. Shorter ones stand in many texts."""


def names(value: Any, wanted: Collection[str]) -> bool:
    """Whether one of these stands anywhere in a value, as a whole value: in any case, and without a number's spaces."""
    if isinstance(value, Mapping):
        return any(names(one, wanted) for one in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(names(one, wanted) for one in value)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return False
    return str(value) in wanted or _plain(str(value)) in {_plain(one) for one in wanted}


def _plain(text: str) -> str:
    return text.strip().lower() if "@" in text else "".join(one for one in text if one not in " -()./").lower()


def texts_about(contacts: Iterable[Contact], others: Sequence[Any]) -> set[str]:
    """What texts about somebody may have of them. ``others``: what runs of automations hold."""
    found = texts_in(others, _SHORTEST_TEXT)
    for contact in contacts:
        given = [contact.first_name or "", contact.last_name or ""]
        found |= {name for name in given if len(name) >= _SHORTEST_NAME} | {" ".join(filter(None, given))}
        found |= texts_in(contact.fields, _SHORTEST_TEXT)
        if contact.external_id is not None:
            found.add(contact.external_id)
    return {text for text in found if text}


def texts_in(value: Any, least: int) -> set[str]:
    """Texts anywhere in a value that are long enough to tell somebody by."""
    if isinstance(value, Mapping):
        return set().union(*(texts_in(one, least) for one in value.values()))
    if isinstance(value, str):
        return {value} if len(value) >= least else set()
    return set().union(*(texts_in(one, least) for one in value)) if isinstance(value, Sequence) else set()
