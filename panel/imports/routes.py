"""Imports of contacts: choose a file, see what its columns hold, run it, see what was not taken.

The file stays in the browser's form between the check and the import: each of the two sends it.
"""

from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.datastructures import UploadFile
from starlette.responses import Response

from panel.contacts.body import words as several
from panel.contacts.routes import groups_of
from panel.contacts.words import VALUES
from panel.http.client import Refused
from panel.http.downloads import Download
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View
from panel.imports import words

pages = Pages("imports", in_account=True)

PAGE = "/panel/imports"
_IMPORT, _OPERATIONS = "/api/contacts/import", "/api/operations"
_COLUMN, _HOLDS = "column.", "holds."
"""Begin the names of inputs: a column's name, and what it holds, with the same number behind."""
_MOST_COLUMNS = 900
_BY_HAND = 4
"""Lines for columns of which nothing is known yet."""


@pages.get("/imports")
async def blank(view: View) -> Response:
    """The first step."""
    view.form = Form(values={"group": view.query("group")})
    return await _shown(view, None)


@pages.post("/imports/check")
async def check(view: View) -> Response:
    """Count what the file would do, and find out what its columns hold."""
    try:
        operation = await _begin(view, {"dry_run": "true"})
    except Refused as refused:
        view.form.refused = refused
        if view.is_fragment:
            return view.page("imports/checked.html", operation=None, problem=view.form.problem)
        return await _shown(view, None, refused.status)
    if view.is_fragment:
        return await _checked(view, operation)
    kept = {"check": "1", "default_country": view.form.text("default_country"), "tags": view.form.text("tags")}
    return view.redirect(f"{PAGE}/{operation['id']}?{urlencode(kept)}")


@pages.post("/imports")
async def begin(view: View) -> Response:
    """Import it, with the columns as they were chosen."""
    mapping = _mapping(view.form)
    try:
        operation = await _begin(view, {"mapping": orjson.dumps(mapping).decode() if mapping else None})
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, None, refused.status)
    return view.redirect(f"{PAGE}/{operation['id']}")


@pages.get("/imports/{operation}")
async def one(view: View) -> Response:
    """How far an import is, or what a check found."""
    operation = await _operation(view)
    if view.is_fragment and view.query("part") == "checked":
        return await _checked(view, operation)
    if view.query("check") or (operation["result"] or {}).get("dry_run"):
        view.form = Form(values=dict(view.request.query_params))
        return await _shown(view, operation)
    return view.page("imports/one.html", operation=operation, **await _choices(view, operation))


@pages.get("/imports/{operation}/rows")
async def faulty_rows(view: View) -> Response:
    """The rows that were not taken, as a file."""
    return Download(view.api, f"{_OPERATIONS}/{view.request.path_params['operation']}/result")


async def _begin(view: View, more: dict[str, Any]) -> dict[str, Any]:
    form = view.form
    file = form.file("file") or UploadFile(BytesIO(), size=0)  # the API says what is wrong with an empty one
    options: dict[str, Any] = {"default_country": form.text("default_country"), "known": form.text("known")}
    options |= {"groups": form.many("groups"), "tags": several(form.text("tags")), "origin": "panel"}
    return dict((await view.api.upload(_IMPORT, file, options | more))["data"])


async def _operation(view: View) -> dict[str, Any]:
    return dict((await view.api.get(f"{_OPERATIONS}/{view.request.path_params['operation']}"))["data"])


async def _shown(view: View, operation: dict[str, Any] | None, status: int = 200) -> Response:
    chosen = view.form.many("groups")
    values = {"groups": await groups_of(view), "operation": operation, "chosen": chosen, "problem": None}
    return view.page("imports/file.html", status, **values, **await _choices(view, operation))


async def _checked(view: View, operation: dict[str, Any]) -> Response:
    return view.page("imports/checked.html", operation=operation, problem=None, **await _choices(view, operation))


async def _choices(view: View, operation: dict[str, Any] | None) -> dict[str, Any]:
    """What columns may hold, and the columns with what they hold so far."""
    fields = (await view.api.get("/api/contact-fields"))["data"]
    holds = VALUES | words.LISTS | {f"fields.{field['key']}": field["label"] or field["key"] for field in fields}
    result = (operation or {}).get("result") or {}
    columns = [*result.get("columns", {}).items(), *((column, "") for column in result.get("unmapped", ()))]
    return {"holds": holds, "columns": columns[:_MOST_COLUMNS], "by_hand": _BY_HAND, "words": words}


def _mapping(form: Form) -> dict[str, str]:
    """What columns hold, of those that are to be read."""
    pairs = ((form.text(f"{_COLUMN}{n}"), form.text(f"{_HOLDS}{n}")) for n in range(_MOST_COLUMNS))
    return {column: held for column, held in pairs if column and held}
