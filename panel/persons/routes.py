"""What an account knows of a person: exported, or erased with a proof that stays.

Addresses are sent in forms, never in the address of a page: browsers and proxies keep those.
"""

from typing import Any
from uuid import UUID

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View
from panel.persons import words

pages = Pages("persons", in_account=True)

HOME = "/panel/persons"
_API = "/api/persons"


@pages.get("/persons")
async def listing(view: View) -> Response:
    """A field for whom it is about, and the erasures so far."""
    return await _listed(view)


@pages.get("/persons/contact/{contact:uuid}")
async def of_contact(view: View) -> Response:
    """What there is of a contact."""
    return await _person(view, str(view.request.path_params["contact"]))


@pages.post("/persons/found")
async def found(view: View) -> Response:
    """What there is of an address."""
    return await _person(view, view.form.text("who"))


@pages.post("/persons/export")
async def export(view: View) -> Response:
    """As files, by an operation."""
    who = view.form.text("who")
    try:
        begun = (await view.api.send("POST", f"{_API}/export", _named(who)))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _person(view, who, refused.status)
    return view.redirect(f"/panel/operations/{begun['id']}", view.translate("The export has begun."))


@pages.post("/persons/erase")
async def erase(view: View) -> Response:
    """For good, once it is typed whom it is about."""
    who = view.form.text("who")
    if view.form.text("typed").casefold() != (await _label(view, who)).casefold():
        return await _person(view, who, 422, mistyped=True)
    try:
        begun = (await view.api.send("POST", f"{_API}/erasures", _named(who)))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _person(view, who, refused.status)
    told = view.translate("The erasure has begun. It takes half a minute at least.")
    return view.redirect(f"{HOME}/{begun['erasure']['id']}", told)


@pages.get("/persons/{erasure:uuid}")
async def proof(view: View) -> Response:
    """What was removed, and what remains."""
    found = (await view.api.get(f"{_API}/erasures/{view.request.path_params['erasure']}"))["data"]
    return view.page("persons/proof.html", found=found, look=words.STATES[found["state"]], words=words)


async def look(view: View, erasure: str) -> bytes:
    """What the page of an erasure shows, to see whether it changed."""
    return (await view.api.call("GET", f"{_API}/erasures/{erasure}")).body


def _named(who: str) -> dict[str, str]:
    if _is_id(who):
        return {"contact": who}
    return {"email" if "@" in who else "phone": who}


def _is_id(who: str) -> bool:
    try:
        return str(UUID(who)) == who.lower()
    except ValueError:
        return False


async def _label(view: View, who: str) -> str:
    """How people call whom it is about: of a contact one of its addresses."""
    if not _is_id(who):
        return who
    contact = (await view.api.get(f"/api/contacts/{who}"))["data"]
    return str(contact["email"] or contact["phone"] or contact["whatsapp"] or contact["external_id"] or who)


async def _listed(view: View, status: int = 200) -> Response:
    asked = {"cursor": view.query("cursor"), "limit": 50}
    erasures = await view.api.get(f"{_API}/erasures", asked)
    values = {"erasures": erasures["data"], "next_cursor": erasures["next_cursor"], "words": words}
    return view.page("persons/rows.html" if view.is_fragment else "persons/list.html", status, **values)


async def _person(view: View, who: str, status: int = 200, *, mistyped: bool = False) -> Response:
    try:
        counted = await view.api.send("POST", f"{_API}/erasures", _named(who), {"dry_run": "true"})
    except Refused as refused:
        if status != 200:  # it was refused before: the first reason is told
            raise
        view.form.refused = refused
        return await _listed(view, refused.status)
    counts: dict[str, Any] = counted["data"]["counts"]
    label = await _label(view, who)
    is_contact = _is_id(who)
    values = {"who": who, "label": label, "counts": counts, "is_contact": is_contact, "mistyped": mistyped}
    return view.page("persons/person.html", status, words=words, **values)
