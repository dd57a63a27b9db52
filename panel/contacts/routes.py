"""Contacts: the list, one with its story, and its form."""

from typing import Any

from starlette.responses import Response

from panel.contacts import words
from panel.contacts.body import body_of, stored
from panel.http.client import Refused
from panel.http.downloads import Download
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("contacts", in_account=True)

CONTACTS, PAGE = "/api/contacts", "/panel/contacts"
_AT_A_TIME = 50
_TABS = ("overview", "messages", "events", "consent")


@pages.get("/contacts")
async def listing(view: View) -> Response:
    """The newest first, filtered by what the address says."""
    segment = view.query("segment")
    asked: dict[str, Any] = {"cursor": view.query("cursor"), "limit": _AT_A_TIME}
    if segment.isdigit():
        found = await view.api.get(f"/api/segments/{segment}/contacts", asked)
    else:
        found = await view.api.get(CONTACTS, asked | {name: view.query(name) for name in ("q", "group", "tag")})
    values = {"contacts": found["data"], "next_cursor": found["next_cursor"]}
    if view.is_fragment:
        return view.page("contacts/rows.html", **values)
    segments = (await view.api.get("/api/segments", {"limit": 200}))["data"]
    return view.page("contacts/list.html", groups=await groups_of(view), segments=segments, **values)


@pages.get("/contacts/export")
async def export(view: View) -> Response:
    """All of them, as a file that an import reads."""
    return Download(view.api, f"{CONTACTS}/export")


@pages.get("/contacts/new")
async def blank(view: View) -> Response:
    """An empty form, or one with what the address gives."""
    view.form = Form(values=dict(view.request.query_params))
    return await _form(view, None)


@pages.post("/contacts/new")
async def add(view: View) -> Response:
    """Make one."""
    body = body_of(view.form, await _fields(view))
    given = {name: value for name, value in body.items() if value not in (None, [])}
    given["fields"] = {key: value for key, value in body["fields"].items() if value is not None}
    try:
        made = (await view.api.send("POST", CONTACTS, given))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _form(view, None, refused.status)
    return view.redirect(f"{PAGE}/{made['id']}", view.translate("The contact was added."))


@pages.get("/contacts/{contact}")
async def one(view: View) -> Response:
    """A contact: what is known, and what happened."""
    tab = view.query("tab") if view.query("tab") in _TABS else _TABS[0]
    path = f"{CONTACTS}/{view.request.path_params['contact']}"
    contact = (await view.api.get(path))["data"]
    values: dict[str, Any] = {"contact": contact, "tab": tab, "words": words, "next_cursor": None}
    paging = {"cursor": view.query("cursor"), "limit": _AT_A_TIME}
    if tab in ("messages", "events"):
        found = await view.api.get(f"{path}/{tab}", paging)
        values |= {tab: found["data"], "next_cursor": found["next_cursor"]}
    elif tab == "consent":
        values["addresses"] = (await view.api.get("/api/consents", {"contact": contact["id"]}))["data"]
        values["purposes"] = await purposes_of(view)
    else:
        values |= {"fields": await _fields(view), "groups": await groups_of(view)}
    if view.is_fragment and tab in ("messages", "events"):
        return view.page(f"contacts/{tab}_rows.html", **values)
    return view.page("contacts/one.html", **values)


@pages.get("/contacts/{contact}/edit")
async def edit(view: View) -> Response:
    """The form, with what is stored."""
    contact = (await view.api.get(f"{CONTACTS}/{view.request.path_params['contact']}"))["data"]
    view.form = Form(values=stored(contact, await _fields(view)))
    return await _form(view, contact)


@pages.post("/contacts/{contact}/edit")
async def change(view: View) -> Response:
    """Write what was entered over it."""
    path = f"{CONTACTS}/{view.request.path_params['contact']}"
    contact = (await view.api.get(path))["data"]
    try:
        await view.api.send("PATCH", path, body_of(view.form, await _fields(view)))
    except Refused as refused:
        view.form.refused = refused
        return await _form(view, contact, refused.status)
    return view.redirect(f"{PAGE}/{contact['id']}", view.translate("The contact is changed."))


@pages.post("/contacts/{contact}/delete")
async def delete(view: View) -> Response:
    """It was confirmed in the menu."""
    await view.api.send("DELETE", f"{CONTACTS}/{view.request.path_params['contact']}")
    return view.redirect(PAGE, view.translate("The contact is deleted."))


async def _form(view: View, contact: dict[str, Any] | None, status: int = 200) -> Response:
    chosen = view.form.many("groups") if view.request.method == "POST" else contact["groups"] if contact else []
    return view.page(
        "contacts/form.html",
        status,
        contact=contact,
        fields=await _fields(view),
        groups=await groups_of(view),
        chosen=chosen,
        words=words,
    )


async def groups_of(view: View) -> list[dict[str, Any]]:
    """All that the account has, as far as a list of choices can show them."""
    return list((await view.api.get("/api/groups", {"limit": 200}))["data"])


async def purposes_of(view: View) -> dict[str, str]:
    """The names of purposes, by their keys."""
    return {purpose["key"]: purpose["name"] for purpose in (await view.api.get("/api/purposes"))["data"]}


async def _fields(view: View) -> list[dict[str, Any]]:
    return list((await view.api.get("/api/contact-fields"))["data"])
