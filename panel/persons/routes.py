"""What an account knows of a person: exported, or erased with a proof that stays.

Addresses are sent in forms, never in the address of a page: browsers and proxies keep those. Users see their account,
staff the one of a user's page.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.responses import Response

from panel.http.client import Api, Refused
from panel.http.pages import Pages
from panel.http.view import View
from panel.persons import words
from panel.users.routes import tab

own = Pages("persons", in_account=True)
of_users = Pages("users")

_OF_USER = "/users/{account:int}/persons"


@dataclass(frozen=True, slots=True)
class Place:
    """Of an account."""

    api: Api
    path: str
    """In the API."""
    home: str
    operations: str
    is_own: bool
    may_erase: bool
    may_export: bool


def place_of(view: View) -> Place:
    """The account of the user, or that of the page of staff."""
    account = view.request.path_params.get("account")
    if account is None:
        return Place(view.api, "/api/persons", "/panel/persons", "/panel/operations", True, True, True)
    may = view.viewer.permissions
    path, home = f"/api/admin/v1/users/{account}/persons", f"/panel/users/{account}/persons"
    may_export = {"users:export", "messages:reveal"} <= may
    return Place(view.staff_api, path, home, "/panel/system/operations", False, "persons:erase" in may, may_export)


@own.get("/persons")
@of_users.get(_OF_USER)
async def listing(view: View) -> Response:
    """A field for whom it is about, and the erasures so far."""
    return await _listed(view)


@own.get("/persons/contact/{contact:uuid}")
async def of_contact(view: View) -> Response:
    """What there is of a contact."""
    return await _person(view, str(view.request.path_params["contact"]))


@own.post("/persons/found")
@of_users.post(f"{_OF_USER}/found")
async def found(view: View) -> Response:
    """What there is of an address."""
    return await _person(view, view.form.text("who"))


@own.post("/persons/export")
@of_users.post(f"{_OF_USER}/export")
async def export(view: View) -> Response:
    """As files, by an operation."""
    who, place = view.form.text("who"), place_of(view)
    try:
        begun = (await place.api.send("POST", f"{place.path}/export", _named(who)))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _person(view, who, refused.status)
    return view.redirect(f"{place.operations}/{begun['id']}", view.translate("The export has begun."))


@own.post("/persons/erase")
@of_users.post(f"{_OF_USER}/erase")
async def erase(view: View) -> Response:
    """For good, once it is typed whom it is about."""
    who, place = view.form.text("who"), place_of(view)
    if view.form.text("typed").casefold() != (await _label(view, who)).casefold():
        return await _person(view, who, 422, mistyped=True)
    try:
        begun = (await place.api.send("POST", f"{place.path}/erasures", _named(who)))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _person(view, who, refused.status)
    told = view.translate("The erasure has begun. It takes half a minute at least.")
    return view.redirect(f"{place.home}/{begun['erasure']['id']}", told)


@own.get("/persons/{erasure:uuid}")
@of_users.get(f"{_OF_USER}/{{erasure:uuid}}")
async def proof(view: View) -> Response:
    """What was removed, and what remains."""
    place = place_of(view)
    found = (await place.api.get(f"{place.path}/erasures/{view.request.path_params['erasure']}"))["data"]
    return view.page("persons/proof.html", found=found, look=words.STATES[found["state"]], words=words, place=place)


async def look(view: View, what: str) -> bytes:
    """What the page of an erasure shows, to see whether it changed: ``<id>``, of staff ``<account>/<id>``."""
    account, _, erasure = what.rpartition("/")
    if account:
        return (await view.staff_api.call("GET", f"/api/admin/v1/users/{account}/persons/erasures/{erasure}")).body
    return (await view.api.call("GET", f"/api/persons/erasures/{erasure}")).body


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
    """How people call whom it is about: of a contact one of its addresses, which staff does not see."""
    if not _is_id(who) or not place_of(view).is_own:
        return who
    contact = (await view.api.get(f"/api/contacts/{who}"))["data"]
    return str(contact["email"] or contact["phone"] or contact["whatsapp"] or contact["external_id"] or who)


async def _listed(view: View, status: int = 200) -> Response:
    place = place_of(view)
    erasures = await place.api.get(f"{place.path}/erasures", {"cursor": view.query("cursor"), "limit": 50})
    values = {"erasures": erasures["data"], "next_cursor": erasures["next_cursor"], "words": words, "place": place}
    if view.is_fragment:
        return view.page("persons/rows.html", status, **values)
    return (
        view.page("persons/list.html", status, **values)
        if place.is_own
        else await tab(view, "persons", status, **values)
    )


async def _person(view: View, who: str, status: int = 200, *, mistyped: bool = False) -> Response:
    place = place_of(view)
    try:
        counted = await place.api.send("POST", f"{place.path}/erasures", _named(who), {"dry_run": "true"})
    except Refused as refused:
        if status != 200:  # it was refused before: the first reason is told
            raise
        view.form.refused = refused
        return await _listed(view, refused.status)
    counts: dict[str, Any] = counted["data"]["counts"]
    values = {"who": who, "label": await _label(view, who), "counts": counts, "mistyped": mistyped, "place": place}
    is_contact = _is_id(who) and place.is_own
    return view.page("persons/person.html", status, words=words, is_contact=is_contact, **values)
