"""Segments: the list, who is in one, and the form that makes and changes them."""

from typing import Any

from starlette.responses import Response

from panel.contacts.routes import groups_of
from panel.contacts.words import VALUES
from panel.http.client import Refused
from panel.http.forms import Form, key_of
from panel.http.pages import Pages
from panel.http.view import View
from panel.segments import words
from panel.segments.conditions import Row, as_text, condition_of, entered_rows, from_text, new_row, rows_of

pages = Pages("segments", in_account=True)

PAGE = "/panel/segments"
_SEGMENTS, _COUNT = "/api/segments", "/api/segments/count"
_AT_A_TIME = 50


@pages.get("/segments")
async def listing(view: View) -> Response:
    """The newest first."""
    found = await view.api.get(_SEGMENTS, {"cursor": view.query("cursor"), "limit": _AT_A_TIME})
    template = "segments/rows.html" if view.is_fragment else "segments/list.html"
    return view.page(template, segments=found["data"], next_cursor=found["next_cursor"])


@pages.get("/segments/new")
async def blank(view: View) -> Response:
    """With one line to fill in."""
    return await _form(view, None, "all", [new_row("field")], "")


@pages.post("/segments/draft")
async def draft(view: View) -> Response:
    """Add a line, or take one away; nothing is saved."""
    form = view.form
    rows = entered_rows(form, without=form.text("remove"))
    if form.text("add") in words.KINDS:
        rows.append(new_row(form.text("add")))
    segment = await _segment(view, form.text("id")) if form.text("id") else None
    return await _form(view, segment, form.text("join"), rows, "")


@pages.post("/segments/count")
async def count(view: View) -> Response:
    """How many meet what the form says."""
    counted, problem = None, None
    try:
        counted = (await view.api.send("POST", _COUNT, {"condition": await _entered(view)}))["data"]["count"]
    except Refused as refused:
        problem = refused.message
    if view.is_fragment:
        return view.page("segments/count.html", counted=counted, problem=problem)
    form = view.form
    segment = await _segment(view, form.text("id")) if form.text("id") else None
    rows, text = entered_rows(form), form.raw("condition")
    return await _form(view, segment, form.text("join"), rows, text, counted=counted, problem=problem)


@pages.post("/segments/new")
async def add(view: View) -> Response:
    """Save it."""
    return await _save(view, "POST", _SEGMENTS, None)


@pages.get("/segments/{segment}")
async def one(view: View) -> Response:
    """What it asks, and who is in it now."""
    segment = await _segment(view, view.request.path_params["segment"])
    paging = {"cursor": view.query("cursor"), "limit": _AT_A_TIME}
    values: dict[str, Any] = {"segment": segment, "contacts": [], "next_cursor": None, "counted": None, "problem": None}
    try:
        found = await view.api.get(f"{_SEGMENTS}/{segment['id']}/contacts", paging)
        values |= {"contacts": found["data"], "next_cursor": found["next_cursor"]}
        if view.is_fragment:
            return view.page("contacts/rows.html", **values)
        counted = await view.api.send("POST", _COUNT, {"condition": segment["condition"]})
        values["counted"] = counted["data"]["count"]
    except Refused as refused:
        if refused.status != 503:
            raise
        values["problem"] = refused.message
    lines = rows_of(segment["condition"])
    values |= {"lines": lines, "words": words, "fields": await _names(view), "groups": await groups_of(view)}
    return view.page("segments/one.html", condition=as_text(segment["condition"]), **values)


@pages.get("/segments/{segment}/edit")
async def edit(view: View) -> Response:
    """Its lines; JSON if lines cannot say it."""
    segment = await _segment(view, view.request.path_params["segment"])
    view.form = Form(values=segment)
    lines = None if view.query("as") == "json" else rows_of(segment["condition"])
    if lines is None:
        return await _form(view, segment, "all", [], as_text(segment["condition"]))
    return await _form(view, segment, *lines, "")


@pages.post("/segments/{segment}/edit")
async def change(view: View) -> Response:
    """The condition is replaced as a whole."""
    segment = await _segment(view, view.request.path_params["segment"])
    return await _save(view, "PATCH", f"{_SEGMENTS}/{segment['id']}", segment)


@pages.post("/segments/{segment}/delete")
async def delete(view: View) -> Response:
    """It was confirmed in the menu. Its contacts stay."""
    await view.api.send("DELETE", f"{_SEGMENTS}/{view.request.path_params['segment']}")
    return view.redirect(PAGE, view.translate("The segment is deleted. Its contacts stay."))


async def _save(view: View, method: str, path: str, segment: dict[str, Any] | None) -> Response:
    form = view.form
    body = {
        "name": form.text("name"),
        "key": form.text("key") or key_of(form.text("name"), 100),
        "condition": await _entered(view),
    }
    try:
        saved = (await view.api.send(method, path, body))["data"]
    except Refused as refused:
        form.refused = refused
        return await _form(view, segment, form.text("join"), entered_rows(form), form.raw("condition"), refused.status)
    return view.redirect(f"{PAGE}/{saved['id']}", view.translate("The segment is saved."))


async def _entered(view: View) -> Any:
    form = view.form
    if form.raw("condition"):
        return from_text(form.raw("condition"))
    types = {field["key"]: field["type"] for field in await _fields(view)}
    return condition_of(form.text("join"), entered_rows(form), types)


async def _segment(view: View, segment: str) -> dict[str, Any]:
    return dict((await view.api.get(f"{_SEGMENTS}/{segment}"))["data"])


async def _fields(view: View) -> list[dict[str, Any]]:
    return list((await view.api.get("/api/contact-fields"))["data"])


async def _names(view: View) -> dict[str, str]:
    """Of values that a condition may be about."""
    own = {field["key"]: field["label"] or field["key"] for field in await _fields(view)}
    return VALUES | words.TIMES | own


async def _form(
    view: View, segment: dict[str, Any] | None, join: str, rows: list[Row], text: str, status: int = 200, **count: Any
) -> Response:
    values = {"fields": await _names(view), "groups": await groups_of(view), "words": words}
    shown = {"segment": segment, "join": join, "rows": rows, "text": text, "counted": None, "problem": None} | count
    return view.page("segments/form.html", status, **shown, **values)
