"""Values that steps can name, with what they are in an example: to choose from, not to know by heart."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from panel.automations.testing.examples import Example, Offer
from panel.automations.tree import all_steps
from panel.hooks.places import places
from panel.rendering.words import _

_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
"""What may stand between two dots of a name, in a text and in a condition."""
_OWN = ("first_name", "last_name", "email", "phone", "language", "country", "time_zone")
_MOST = 60
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Value:
    """One."""

    name: str
    """As conditions have it: ``event.total``."""
    shown: str = ""
    """What it is in the example; "" where the example has none."""
    is_pointer: bool = False
    """Whether it is a place in a post."""

    @property
    def text(self) -> str:
        """As texts have it."""
        return self.name if self.is_pointer else f"{{{{ {self.name} }}}}"


@dataclass(frozen=True, slots=True)
class Values:
    """Some that belong together."""

    label: str
    values: list[Value]


def names_of(
    definition: Mapping[str, Any],
    example: Example | None,
    contact: Mapping[str, Any],
    fields: list[dict[str, Any]],
) -> list[Values]:
    """All that steps of a definition can name. ``contact``: who the example is about. ``fields``: the account's own."""
    own = {name: contact.get(name) for name in (*_OWN, *(field["key"] for field in fields))}
    event = dict.fromkeys(_mapped(definition)) | (example.event if example else {})
    saved = dict.fromkeys(_saved(definition)) | definition.get("vars", {})
    groups = (
        Values(_("What it begins with"), list(_named("event", event))),
        Values(_("The contact"), list(_named("contact", own | contact.get("fields", {})))),
        Values(_("What steps keep"), list(_named("vars", saved))),
    )
    return [Values(group.label, group.values[:_MOST]) for group in groups if group.values]


def pointers_in(found: Sequence[Offer]) -> list[Values]:
    """Places in the newest post."""
    post = next((offer for offer in found if offer.kind == "sample"), None)
    if post is None:
        return []
    values = [Value(place.pointer, place.shown, is_pointer=True) for place in places(post.body)]
    return [Values(_("The last post"), values)]


def _named(prefix: str, value: Any) -> Iterator[Value]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if _NAME.fullmatch(name):
                yield from _named(f"{prefix}.{name}", inner)
    else:
        yield Value(prefix, _shown(value))


def _shown(value: Any) -> str:
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _mapped(definition: Mapping[str, Any]) -> Iterator[str]:
    """Names that maps of triggers give to values of a post."""
    for trigger in definition.get("triggers") or [definition["trigger"]]:
        yield from (trigger.get("map") or {}).get("event", {})


def _saved(definition: Mapping[str, Any]) -> Iterator[str]:
    """Names under which steps keep values."""
    for step in all_steps(dict(definition)):
        kept = step.get("save") or ()
        yield from [kept] if isinstance(kept, str) else kept
