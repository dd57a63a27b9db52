"""One box for all: pages, messages by id or recipient, contacts, accounts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View
from panel.rendering.words import _

pages = Pages("search")

_FEW = 5
_SHORTEST = 2
"""Characters with which objects are looked for; pages are found by one."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found."""

    kind: str
    """In English: it is translated when it is shown."""
    icon: str
    title: str
    path: str
    more: str = ""
    acts: bool = False
    """Whether it is a form that is sent, not a link: it changes in which account one works."""


@pages.get("/search")
async def search(view: View) -> Response:
    """All that fits; as a part of a page if the palette asks."""
    text = view.query("q")
    hits = [*_pages(view, text), *await _objects(view, text)] if text else _pages(view, "")
    template = "search/found.html" if view.is_fragment else "search/search.html"
    return view.page(template, hits=hits, text=text)


def _pages(view: View, text: str) -> list[Hit]:
    wanted = text.casefold()
    return [
        Hit(_("Page"), entry.icon, view.translate(entry.label), entry.path)
        for group in view.navigation
        for entry in group.entries
        if wanted in view.translate(entry.label).casefold()
    ]


async def _objects(view: View, text: str) -> list[Hit]:
    if len(text) < _SHORTEST:
        return []
    found = await asyncio.gather(*(_found(view, text, look) for look in (_messages, _contacts, _accounts)))
    return [hit for hits in found for hit in hits]


async def _found(view: View, text: str, look: Callable[[View, str], Awaitable[list[Hit]]]) -> list[Hit]:
    """Nothing where this role may not look, or where it is no text for that."""
    try:
        return await look(view, text)
    except Refused as refused:
        if refused.status in (401, 429, 503):
            raise
        return []


async def _messages(view: View, text: str) -> list[Hit]:
    asked = {"uid": text} if _is_uuid(text) else {"recipient": text}
    if "recipient" in asked and not any(character.isdigit() or character == "@" for character in text):
        return []
    found = (await view.api.get(view.address("/messages"), asked | {"limit": _FEW}))["data"]
    return [Hit(_("Message"), "mail", one["to"], f"/panel/messages/{one['uid']}", one["uid"]) for one in found]


async def _contacts(view: View, text: str) -> list[Hit]:
    if view.viewer.account is None:
        return []
    found = (await view.api.get("/api/contacts", {"q": text, "limit": _FEW}))["data"]
    return [Hit(_("Contact"), "user", _name(one), f"/panel/contacts/{one['id']}", _address(one)) for one in found]


async def _accounts(view: View, text: str) -> list[Hit]:
    if not view.viewer.is_staff:
        return []
    found = (await view.staff_api.get("/api/admin/v1/users", {"q": text, "limit": _FEW}))["data"]
    acts = "users:act" in view.viewer.permissions
    path = "/panel/account/{}" if acts else "/panel/users/{}"
    return [
        Hit(
            _("Account"),
            "building-2",
            one["name"],
            path.format(one["id"]),
            one["email"],
            acts and one["state"] == "active",
        )
        for one in found
    ]


def _name(contact: dict[str, Any]) -> str:
    name = " ".join(part for part in (contact.get("first_name"), contact.get("last_name")) if part)
    return name or _address(contact)


def _address(contact: dict[str, Any]) -> str:
    return contact.get("email") or contact.get("phone") or contact.get("whatsapp") or str(contact["id"])


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
