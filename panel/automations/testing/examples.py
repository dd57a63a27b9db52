"""Examples of who enters an automation, and with what: posts that came, runs that were, and cases of its starter."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from panel.http.client import Refused
from panel.http.view import View
from panel.rendering.words import _

_RUNS = 4
_ADDRESSES = {"email": "email", "phone": "phone", "whatsapp": "phone", "external_id": "external_id"}
"""By what a contact is found, and the filter of the list that finds it."""

KINDS: dict[str, str] = {"sample": _("A post"), "run": _("A run"), "case": _("A case")}
"""What an example was."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An example to choose."""

    kind: str
    id: str
    told: str = ""
    """The name of a case, or the hook of a post."""
    at: str | None = None
    """When it came."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """The post, or the case."""
    map: Mapping[str, Any] | None = None
    """Of the trigger: where values stand in the post; ``None``: where its hook says."""

    @property
    def key(self) -> str:
        """As addresses name it."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Example:
    """Who enters, with what, and what happens then."""

    contact: str | dict[str, Any]
    """An id of one of the account's, or somebody made up."""
    event: dict[str, Any]
    events: list[dict[str, Any]] = field(default_factory=list)
    at: str | None = None


async def offers(view: View, key: str, definition: Mapping[str, Any]) -> list[Offer]:
    """Those that there are, the best first."""
    triggers = definition.get("triggers") or [definition["trigger"]]
    hooks = [one for one in triggers if one["kind"] == "webhook"]
    found = await asyncio.gather(*(_posts(view, one) for one in hooks), _runs(view, key), _cases(view, key))
    return [offer for several in found for offer in several]


async def example_of(view: View, offer: Offer) -> Example | None:
    """``None``: it is gone, or the map takes nobody from it."""
    if offer.kind == "case":
        case = {name: offer.body[name] for name in Example.__slots__ if name in offer.body}
        return Example(**case | {"contact": await _known(view, case["contact"])})
    try:
        if offer.kind == "run":
            run = (await view.api.get(f"/api/runs/{offer.id}"))["data"]
            return Example(run["contact"], run["event"])
        asked = {"body": offer.body} | ({"map": offer.map} if offer.map is not None else {})
        tried = (await view.api.send("POST", f"/api/hooks/{offer.told}/try", asked))["data"]
        contact = {name: value for name, value in tried["contact"].items() if value not in (None, {}, [])}
        return Example(await _known(view, contact), tried["event"])
    except Refused:
        return None


async def first_of(view: View, found: Sequence[Offer]) -> Example | None:
    """The best that can be used."""
    for offer in found:
        if (example := await example_of(view, offer)) is not None:
            return example
    return None


async def _known(view: View, contact: dict[str, Any]) -> str | dict[str, Any]:
    """Somebody whose address a contact of the account has already can only be that contact."""
    for name, filtered in _ADDRESSES.items():
        if contact.get(name):
            data = (await view.api.get("/api/contacts", {filtered: contact[name], "limit": 1}))["data"]
            if data:
                return str(data[0]["id"])
    return contact


async def _posts(view: View, trigger: Mapping[str, Any]) -> list[Offer]:
    try:
        samples = (await view.api.get(f"/api/hooks/{trigger['hook']}/samples"))["data"]
    except Refused:  # there is no such hook yet
        return []
    return [Offer("sample", one["id"], trigger["hook"], one["at"], one["body"], trigger.get("map")) for one in samples]


async def _runs(view: View, key: str) -> list[Offer]:
    found = (await view.api.get(f"/api/automations/{key}/runs", {"limit": _RUNS}))["data"]
    return [Offer("run", one["id"], at=one["entered_at"]) for one in found]


async def _cases(view: View, key: str) -> list[Offer]:
    """Of the starter that it began with, which gave it its key."""
    try:
        cases = (await view.api.get(f"/api/automations/starters/{key}"))["data"]["tests"]
    except Refused:
        return []
    return [Offer("case", str(index), one.get("name", ""), body=one) for index, one in enumerate(cases)]
