"""Workflows that failed or hang by a bug: finding them, and acting on one or on all that match."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from panel.http.answers import told
from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.pages import Pages
from panel.http.view import View
from panel.system import words

pages = Pages("system")

_WORKFLOWS = "/api/admin/v1/workflows"
_PAGE = "/panel/system/workflows"
_FILTERS = ("id", "type", "status", "channel", "lane", "account", "outcome")
_NAMED = ("id", "message", "batch", "run", "lead")
_TYPED = "terminate"


@pages.get("/system/workflows")
async def listing(view: View) -> Response:
    """Those that run, failed or hang, or those of a status."""
    wanted = _wanted(view.query)
    try:
        found, counts = await asyncio.gather(
            view.staff_api.get(_WORKFLOWS, {**wanted, "cursor": view.query("cursor"), "limit": 50}),
            view.staff_api.get(f"{_WORKFLOWS}/counts", wanted),
        )
    except Refused as refused:
        if refused.status not in (409, 422):
            raise
        view.form.refused = refused
        found, counts = {"data": [], "next_cursor": None}, {"data": []}
    values: dict[str, Any] = {"rows": found["data"], "next_cursor": found["next_cursor"], "words": words}
    if view.is_fragment:
        return view.page("system/workflow_rows.html", **values)
    filters = urlencode(wanted)
    return view.page("system/workflows.html", counts=counts["data"], wanted=wanted, filters=filters, **values)


@pages.get("/system/workflows/one")
async def one(view: View) -> Response:
    """A workflow by its id, or by what it works at; as a part of the page of that."""
    named = {name: view.query(name) for name in _NAMED if view.query(name)}
    try:
        found = (await view.staff_api.get(f"{_WORKFLOWS}/one", named))["data"]
    except Refused as refused:
        if refused.code != "workflow_not_found":
            raise
        found = None
    template = "system/workflow_part.html" if view.is_fragment else "system/workflow.html"
    return view.page(template, found=found, words=words)


@pages.get("/system/workflows/{act}")
async def forecast(view: View) -> Response:
    """How many it would be done with, and what it means."""
    return await _shown(view, _act(view), _wanted(view.query), view.query("signal"))


@pages.post("/system/workflows/{act}")
async def begin(view: View) -> Response:
    """Do it, once a reason is given; to end them must be meant."""
    act, form = _act(view), view.form
    wanted, signal = _wanted(form.text), form.text("signal")
    if act == _TYPED and form.text("typed") != _TYPED:
        return await _shown(view, act, wanted, signal, 422, mistyped=True)
    body = _body(act, wanted, signal) | {"reason": form.text("reason")}
    try:
        answer = await view.staff_api.call("POST", f"{_WORKFLOWS}/{act}", body)
    except Refused as refused:
        form.refused = refused
        return await _shown(view, act, wanted, signal, refused.status)
    job = answer.data.get("job")
    path = f"{_PAGE}/jobs/{job}" if job else _PAGE
    return view.redirect(path, told(view, answer, view.translate("It has begun.")))


@pages.get("/system/workflows/jobs/{job}")
async def job(view: View) -> Response:
    """How far it is."""
    return await _shown_job(view)


@pages.post("/system/workflows/jobs/{job}/stop")
async def stop(view: View) -> Response:
    """End it; what it has done stays."""
    name = view.request.path_params["job"]
    try:
        answer = await view.staff_api.call("POST", f"{_WORKFLOWS}/jobs/{name}/stop", {})
    except Refused as refused:
        view.form.refused = refused
        return await _shown_job(view, refused.status)
    return view.redirect(f"{_PAGE}/jobs/{name}", told(view, answer, view.translate("It is stopped.")))


async def look(view: View, name: str) -> bytes:
    """What the page of a job shows, to see whether it changed."""
    return (await view.staff_api.call("GET", f"{_WORKFLOWS}/jobs/{name}")).body


async def _shown(
    view: View, act: str, wanted: Mapping[str, str], signal: str, status: int = 200, *, mistyped: bool = False
) -> Response:
    counted: dict[str, Any] | None = None
    is_chosen = act != "signal" or bool(signal)
    try:
        body = _body(act, wanted, signal or words.SIGNALS[0])
        counted = (await view.staff_api.send("POST", f"{_WORKFLOWS}/{act}", body, {"dry_run": "true"}))["data"]
    except Refused as refused:
        if refused.status not in (409, 422):
            raise
        if is_chosen:
            view.form.refused = view.form.refused or refused
            status = refused.status if status == 200 else status
    counted = counted if is_chosen else None
    values = {"act": act, "wanted": wanted, "signal": signal, "counted": counted, "mistyped": mistyped}
    return view.page("system/workflow_act.html", status, back=urlencode(wanted), typed=_TYPED, words=words, **values)


async def _shown_job(view: View, status: int = 200) -> Response:
    found = (await view.staff_api.get(f"{_WORKFLOWS}/jobs/{view.request.path_params['job']}"))["data"]
    return view.page("system/workflow_job.html", status, found=found, words=words)


def _act(view: View) -> str:
    act = str(view.request.path_params["act"])
    if act not in words.ACTS:
        raise NotThere
    return act


def _wanted(read: Callable[[str], str]) -> dict[str, str]:
    return {name: text for name in _FILTERS if (text := read(name))}


def _body(act: str, wanted: Mapping[str, str], signal: str) -> dict[str, Any]:
    """As the API takes it. Where no status is chosen it knows which can be acted on."""
    chosen: dict[str, Any] = {name: text for name, text in wanted.items() if name != "status"}
    if "status" in wanted:
        chosen["status"] = [wanted["status"]]
    return {"filter": chosen} | ({"signal": signal} if act == "signal" else {})
