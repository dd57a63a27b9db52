"""Fields of a send request that nothing reads: the request is accepted, and its answer names them.

A misspelt ``schedule_at`` would otherwise send at once, unnoticed. A contact's further fields are for templates:
those that some template of the request may look at are not reported.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import BaseModel

from domain.channels import Channel
from domain.errors import pointer
from services.contacts.fallbacks import template_names
from services.contacts.models import CONTACT_MODELS, TEMPLATE_FIELDS, AnyContact, AnySend, FallbackStep

MAX_LISTED = 20
"""Fields that a warning lists."""

_LONGEST_NAME = 200
"""Characters of a field's name that is listed: longer ones are only counted."""
_LONGEST_COMPARED = 60
_SIMILAR = 0.7
_NOT_IN_STEPS = frozenset({"schedule_at", "on_unknown", "fallback"})
_IN_STEPS = frozenset({"channel", "after", "if"})
_ADDRESSES = frozenset({"email", "number"})


class UnknownField(NamedTuple):
    """A field that nothing reads."""

    pointer: str
    nearest: str | None
    """The known name that was probably meant."""
    message: str


class _Found:
    """The unknown fields that were found."""

    def __init__(self) -> None:
        self.count = 0
        self.listed: list[UnknownField] = []

    def add(
        self, names: Iterable[str], known: Collection[str], *path: str | int, elsewhere: Mapping[str, str] | None = None
    ) -> None:
        """``elsewhere``: messages for names that are known at another place."""
        for name in names:
            self.count += 1
            if len(self.listed) < MAX_LISTED and len(name) <= _LONGEST_NAME:
                self.listed.append(describe(name, known, pointer(*path, name), elsewhere))

    def add_steps(self, steps: Sequence[FallbackStep], *path: str | int) -> None:
        """Add unknown fields of fallback steps."""
        for number, step in enumerate(steps):
            known = _step_fields(step.channel)
            self.add((name for name in step.__pydantic_extra__ or () if name not in known), known, *path, number)


def find_unknown_fields(
    send: AnySend,
    names: Callable[[], frozenset[str] | None],
    beside: Collection[str],
    parameters: Sequence[UnknownField] = (),
) -> list[dict[str, Any]]:
    """The answer's warning about fields that nothing reads; empty where there are none.

    ``names`` returns the fields of contacts that texts may look at (``None``: any).
    ``beside`` are those beside the contacts, ``parameters`` those of the query string.
    """
    contacts: Sequence[AnyContact] = send.contact
    more = [(index, one) for index, one in enumerate(contacts) if one.__pydantic_extra__ or one.fallback]
    if not (more or beside or parameters or send.fallback):
        return []
    found = _Found()
    found.count = len(parameters)
    found.listed = [one for one in parameters if len(one.pointer) <= _LONGEST_NAME][:MAX_LISTED]
    in_contact, in_request = _fields(type(contacts[0])), _beside(type(send), named=send.template is not None)
    found.add(beside, in_request, elsewhere=dict.fromkeys(in_contact, "it belongs to each contact"))
    found.add_steps(send.fallback or (), "fallback")
    used = _used(send, names()) if more else None
    elsewhere = dict.fromkeys(in_request, "it belongs beside 'contact'")
    for index, contact in more:
        extra = contact.__pydantic_extra__
        if extra and used is not None and not extra.keys() <= used:
            own = used | _ADDRESSES if contact.fallback else used
            found.add((name for name in extra if name not in own), in_contact, "contact", index, elsewhere=elsewhere)
        if contact.fallback:
            found.add_steps(contact.fallback, "contact", index, "fallback")
    return _warning(found) if found.count else []


def describe(name: str, known: Collection[str], place: str, elsewhere: Mapping[str, str] | None = None) -> UnknownField:
    """An unknown field at a place where other names are known."""
    if elsewhere and name in elsewhere:
        return UnknownField(place, name, elsewhere[name])
    nearest = _nearest(name, frozenset(known))
    return UnknownField(place, nearest, f"did you mean {nearest!r}?" if nearest else "nothing reads it")


def unread_parameters(given: Iterable[str], known: Collection[str]) -> Sequence[UnknownField]:
    """Those parameters of a query string that nothing reads."""
    return [describe(name, known, pointer(name)) for name in given if name not in known]


def unknown_names(value: Mapping[str, Any], send: AnySend) -> Collection[str]:
    """The names in a request that its model does not know."""
    known = _beside(type(send), named=send.template is not None)
    return () if value.keys() <= known else [name for name in value if name not in known]


@lru_cache(maxsize=256)
def _nearest(name: str, known: frozenset[str]) -> str | None:
    if len(name) > _LONGEST_COMPARED:
        return None
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower())
    begun = sorted(one for one in known if one.startswith(f"{plain}_"))
    return next(iter([*get_close_matches(plain, sorted(known), 1, _SIMILAR), *begun]), None)


@lru_cache(maxsize=16)
def _fields(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in model.model_fields.items())


@lru_cache(maxsize=16)
def _beside(model: type[BaseModel], *, named: bool) -> frozenset[str]:
    """The fields beside contacts; ``named``: of a request that names a template."""
    return _fields(model) if named else _fields(model) - TEMPLATE_FIELDS


@lru_cache(maxsize=8)
def _step_fields(channel: Channel) -> frozenset[str]:
    return _fields(CONTACT_MODELS[channel]) - _NOT_IN_STEPS | _IN_STEPS


def _used(send: AnySend, names: frozenset[str] | None) -> frozenset[str] | None:
    """The further fields of contacts that something may read; ``None``: any of them."""
    of_steps = template_names(send.fallback or ())
    if names is None or of_steps is None:
        return None
    return names | of_steps | (_ADDRESSES if send.fallback else frozenset())


def _warning(found: _Found) -> list[dict[str, Any]]:
    what = "1 field is" if found.count == 1 else f"{found.count} fields are"
    first = next(iter(found.listed), None)
    such_as = f" {first.pointer} ({first.message})" if first else " their names are too long to be listed"
    return [
        {
            "kind": "unknown_fields",
            "message": f"{what} not known, and ignored:{such_as}{', …' if first and found.count > 1 else ''}",
            "count": found.count,
            "fields": [field._asdict() for field in found.listed],
        }
    ]
