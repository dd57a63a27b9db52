"""The reference of the API: what can be asked, how, and what is answered."""

import asyncio
import shlex

from starlette.responses import Response

from panel.http.errors import NotThere
from panel.http.pages import Pages
from panel.http.view import View
from panel.reference import remedies
from panel.reference.document import Document, Operation, read

pages = Pages("reference")

_OF_STAFF = "admin: "
_MOST_FOUND = 60


@pages.get("/reference")
async def index(view: View) -> Response:
    """Its subjects, or what a search finds."""
    document, text = await _document(view), view.query("q").casefold()
    shown = [one for one in document.operations if _is_shown(view, one.tag)]
    found = [one for one in shown if one.fits(text)][:_MOST_FOUND] if text else []
    tags = {tag: operations for tag, operations in document.tags.items() if _is_shown(view, tag)}
    own = {tag: operations for tag, operations in tags.items() if not tag.startswith(_OF_STAFF)}
    staff = {tag: operations for tag, operations in tags.items() if tag not in own}
    return view.page("reference/index.html", own=own, of_staff=staff, found=found, text=text, base=_base(view))


@pages.get("/reference/errors")
async def errors(view: View) -> Response:
    """What refusals mean, and what to do, by their codes."""
    meanings = (await _document(view)).meanings
    return view.page("reference/errors.html", meanings=meanings, of_status=remedies.of_status)


@pages.get("/reference/errors/{name}")
async def errors_of_one(view: View) -> Response:
    """Those of an operation besides those of all requests; within the page of its subject once they are opened."""
    name = view.request.path_params["name"]
    one = next((one for one in (await _document(view)).operations if one.id == name and _is_shown(view, one.tag)), None)
    if one is None:
        raise NotThere
    errors = [remedies.remedy_of(*error) for error in one.errors]
    template = "reference/errors_of_one.html" if view.is_fragment else "reference/operation_errors.html"
    return view.page(template, one=one, errors=errors)


@pages.get("/reference/{tag}")
async def subject(view: View) -> Response:
    """The operations of a subject, with the objects that they name."""
    document, tag = await _document(view), view.request.path_params["tag"]
    if tag not in document.tags or not _is_shown(view, tag):
        raise NotThere
    operations = document.tags[tag]
    lines = {one.id: _as_curl(_base(view), one) for one in operations}
    objects = document.objects_of(operations)
    return view.page("reference/subject.html", tag=tag, operations=operations, objects=objects, lines=lines)


async def _document(view: View) -> Document:
    raw = (await view.api.call("GET", "/openapi.json")).body
    return await asyncio.to_thread(read, raw)  # the first time takes a tenth of a second


def _is_shown(view: View, tag: str) -> bool:
    return view.viewer.is_staff or not tag.startswith(_OF_STAFF)


def _base(view: View) -> str:
    url = view.request.url
    return f"{url.scheme}://{url.netloc}"


def _as_curl(base: str, operation: Operation) -> str:
    """A request that can be sent once a key, and what stands in braces, is filled in."""
    parts = ["curl"] if operation.method in ("GET", "POST") else ["curl", "-X", operation.method]
    if operation.method == "POST" and operation.example is None:
        parts += ["-X", "POST"]
    parts += [shlex.quote(base + operation.path), '\\\n  -H "Api-key: $KEY"']
    if operation.example is not None:
        parts += ["\\\n  -H 'Content-Type: application/json'", "\\\n  -d", shlex.quote(operation.example)]
    return " ".join(parts)
