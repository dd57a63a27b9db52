"""One contact of two: which other one, what of each is kept, and the merge."""

from typing import Any

from starlette.responses import Response

from panel.contacts import words
from panel.contacts.routes import CONTACTS, PAGE
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("contacts", in_account=True)


@pages.get("/contacts/{contact}/merge")
async def choose(view: View) -> Response:
    """Find the other one, then see where the two differ."""
    return await _shown(view, view.query("from"))


@pages.post("/contacts/{contact}/merge")
async def merge(view: View) -> Response:
    """Make one of them."""
    contact, other = view.request.path_params["contact"], view.form.text("from")
    body = {"from": other, "take": view.form.many("take")}
    try:
        await view.api.send("POST", f"{CONTACTS}/{contact}/merge", body)
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, other, refused.status)
    return view.redirect(f"{PAGE}/{contact}", view.translate("The two contacts are one."))


async def _shown(view: View, chosen: str, status: int = 200) -> Response:
    contact = (await view.api.get(f"{CONTACTS}/{view.request.path_params['contact']}"))["data"]
    other = (await view.api.get(f"{CONTACTS}/{chosen}"))["data"] if chosen else None
    found: list[dict[str, Any]] = []
    if other is None and view.query("q"):
        listed = (await view.api.get(CONTACTS, {"q": view.query("q"), "limit": 20}))["data"]
        found = [one for one in listed if one["id"] != contact["id"]]
    values = _values(contact, other) if other else []
    return view.page("contacts/merge.html", status, contact=contact, other=other, found=found, values=values)


def _values(contact: dict[str, Any], other: dict[str, Any]) -> list[dict[str, Any]]:
    """Where the other contact has a value: its name, its words, and what both have."""
    pairs = [(name, label, contact[name], other[name]) for name, label in words.VALUES.items()]
    pairs += [(f"fields.{key}", key, contact["fields"].get(key), value) for key, value in other["fields"].items()]
    return [
        {"name": name, "label": label, "own": own, "other": theirs}
        for name, label, own, theirs in pairs
        if theirs not in (None, own)
    ]
