"""Where rules find values in a lead: by the names of answers, by what was asked, or at a JSON pointer."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from unicodedata import normalize

from domain.automations.mapping import find_value
from domain.errors import pointer
from domain.leads.raw import Answer, Disclaimer, RawLead
from domain.leads.reading.values import MOST_VALUES, texts_of

_BETWEEN = re.compile(r"[\s_-]+")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a value stands, and it."""

    place: str
    """A JSON pointer: into the raw lead, or with the name of an answer."""
    values: tuple[str, ...]
    """Empty: there is none."""
    asked: str
    """What people were asked, as far as it is known."""
    answer: int | None = None
    """Which of the answers it is."""


def name_of(text: str) -> str:
    """A question or a name, as they are compared: without regard to case, and to what stands between words."""
    return _BETWEEN.sub("_", normalize("NFKC", text).casefold()).strip("_:?* ")


class Finder:
    """Of one lead."""

    def __init__(self, raw: RawLead, body: Mapping[str, Any]) -> None:
        self._answers, self._body = raw.answers, body
        self._numbers: dict[str, int] = {}
        for number, said in (*_said(raw.answers, "name"), *_said(raw.answers, "label")):
            self._numbers.setdefault(said, number)
        labels = {name_of(box.label): box for box in raw.disclaimers if box.label}
        self._boxes = labels | {name_of(box.key): box for box in raw.disclaimers}

    def find(self, places: Sequence[str]) -> Found:
        """The first of these places that has a value."""
        for said in places:
            if said.startswith("/"):
                if values := tuple(islice(texts_of(find_value(said, self._body)), MOST_VALUES)):
                    return Found(said, values, said)
            elif (number := self._numbers.get(name_of(said))) is not None:
                one = self._answers[number]
                return Found(pointer(one.name), one.values, one.label or one.name, number)
        return Found(places[0] if places[0].startswith("/") else pointer(places[0]), (), places[0])

    def box(self, places: Sequence[str]) -> Disclaimer | None:
        """The first of these boxes that the form showed."""
        return next((box for said in places if (box := self._boxes.get(name_of(said)))), None)


def _said(answers: tuple[Answer, ...], which: str) -> Iterable[tuple[int, str]]:
    for number, one in enumerate(answers):
        if one.values and (said := name_of(getattr(one, which) or "")):
            yield number, said
