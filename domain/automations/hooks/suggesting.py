"""A map suggested from a post: where the address, the number, the names and the ids of somebody seem to stand."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from domain.errors import pointer

_MOST_VALUES = 10_000
_DEEPEST = 8
_MOST_IN_LIST = 3
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,250}\.[^@\s.]{2,60}")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{5,24}")
_NO_LETTERS = re.compile("[^a-z0-9]+")

_OF_PHONES = ("phone", "phone_number", "phonenumber", "mobile", "mobile_number", "tel", "telephone", "cell")
_OF_WHATSAPP = ("whatsapp", "whatsapp_number", "wa_number")
_OF_FIELDS = {
    "first_name": ("first_name", "firstname", "given_name", "givenname", "forename", "fname"),
    "last_name": ("last_name", "lastname", "family_name", "familyname", "surname", "lname"),
    "language": ("language", "lang"),
    "country": ("country_code", "country"),
    "time_zone": ("time_zone", "timezone"),
}
_OF_PEOPLE = ("external_id", "user_id", "customer_id", "contact_id", "member_id")
_OF_EVENTS = ("order_id", "cart_id", "checkout_id", "booking_id", "invoice_id", "ticket_id", "subscription_id")
_PEOPLE = ("customer", "user", "contact", "member", "buyer", "lead", "invitee", "customer_details", "billing")
"""Objects that are about the person."""

_Path = tuple[str, ...]


def suggest(body: Mapping[str, Any]) -> dict[str, Any]:
    """A map for bodies like this one.

    What stands at the top counts before what stands in an object about a person, and this before the rest; of several
    addresses one counts before others if its name says that it is one.
    """
    places = sorted(_walk(body), key=_nearness)
    found: dict[str, Any] = {}
    emails = [(path, value) for path, value in places if isinstance(value, str) and _EMAIL.fullmatch(value)]
    named = [place for place in emails if "mail" in place[0][-1].lower()]
    if emails:
        found["email"] = pointer(*(named or emails)[0][0])
    for name, words in (("phone", _OF_PHONES), ("whatsapp", _OF_WHATSAPP)):
        if path := _first(places, words, _is_number):
            found[name] = pointer(*path)
    if path := _first(places, _OF_PEOPLE, _is_id) or _id_of_somebody(places):
        found["external_id"] = pointer(*path)
    fields = {name: _first(places, words, _is_word) for name, words in _OF_FIELDS.items()}
    found["fields"] = {name: pointer(*path) for name, path in fields.items() if path}
    found["event"] = {word: pointer(*path) for word in _OF_EVENTS if (path := _first(places, (word,), _is_id))}
    if "id" in body and _is_id(body["id"]):
        found["event"].setdefault("id", "/id")
    return {name: value for name, value in found.items() if value}


def _nearness(place: tuple[_Path, Any]) -> tuple[bool, bool, int]:
    path, _ = place
    return len(path) > 1, not any(_plain(name) in _PEOPLE for name in path[:-1]), len(path)


def _walk(body: Any) -> Iterator[tuple[_Path, Any]]:
    """Texts and numbers with their places, as many as are looked at."""
    waiting: deque[tuple[_Path, Any]] = deque([((), body)])
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        at, one = waiting.popleft()
        if isinstance(one, Mapping) and len(at) < _DEEPEST:
            waiting += [((*at, str(key)), inner) for key, inner in one.items()]
        elif isinstance(one, list) and len(at) < _DEEPEST:
            waiting += [((*at, str(number)), inner) for number, inner in enumerate(one[:_MOST_IN_LIST])]
        elif at and isinstance(one, str | int) and not isinstance(one, bool):
            yield at, one


def _first(places: list[tuple[_Path, Any]], words: tuple[str, ...], fits: Any) -> _Path | None:
    return next((path for path, value in places if _plain(path[-1]) in words and fits(value)), None)


def _id_of_somebody(places: list[tuple[_Path, Any]]) -> _Path | None:
    of_people = (path for path, value in places if len(path) > 1 and path[-1] == "id" and _is_id(value))
    return next((path for path in of_people if _plain(path[-2]) in _PEOPLE), None)


def _plain(name: str) -> str:
    spaced = re.sub("([a-z])([A-Z])", r"\1_\2", name)
    return _NO_LETTERS.sub("_", spaced.lower()).strip("_")


def _is_number(value: Any) -> bool:
    text = str(value)
    return _PHONE.fullmatch(text) is not None and 7 <= sum(one.isdigit() for one in text) <= 15


def _is_id(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, str | int) and 0 < len(str(value)) <= 200


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 100
