"""Automations: the list, one as a tree with who is where, publishing, and what steers it."""

import asyncio
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from panel.automations import words
from panel.automations.editing import definition_of
from panel.automations.tree import arms_of
from panel.http.client import Refused
from panel.http.forms import key_of
from panel.http.pages import Pages
from panel.http.view import View
from panel.rendering.charts import shares

pages = Pages("automations", in_account=True)

_STEERED = ("pause", "resume", "archive")
_LONGEST_KEY = 100
_BLANK = {"schema": "xsender.flow/1", "trigger": {"kind": "manual"}, "steps": [{"id": "exit1", "kind": "exit"}]}


@pages.get("/automations")
async def listing(view: View) -> Response:
    """All of the account, with how many are inside."""
    found = await view.api.get("/api/automations", {"cursor": view.query("cursor"), "limit": 50})
    counts = await asyncio.gather(*(_counts(view, one) for one in found["data"]))
    rows = [(one, told, _funnel(view, told)) for one, told in zip(found["data"], counts, strict=True)]
    return view.page("automations/list.html", rows=rows, next_cursor=found["next_cursor"], words=words)


@pages.get("/automations/new")
async def new(view: View) -> Response:
    """From a starter, or from nothing."""
    starters = (await view.api.get("/api/automations/starters"))["data"]["starters"]
    return view.page("automations/new.html", starters=starters, words=words)


@pages.post("/automations/new")
async def create(view: View) -> Response:
    """A draft."""
    starter = view.form.text("starter")
    if starter:
        definition = (await view.api.get(f"/api/automations/starters/{starter}"))["data"]["definition"]
    else:
        definition = _BLANK | {
            "key": (key_of(view.form.text("name"), _LONGEST_KEY) or "automation"),
            "name": view.form.text("name"),
        }
    try:
        made = (await view.api.send("POST", "/api/automations", definition))["data"]
    except Refused as refused:
        if refused.code == "automation_taken":
            return view.redirect(f"/panel/automations/{definition['key']}", view.translate("You have it already."))
        view.form.refused = refused
        starters = (await view.api.get("/api/automations/starters"))["data"]["starters"]
        return view.page("automations/new.html", refused.status, starters=starters, words=words)
    return view.redirect(f"/panel/automations/{made['key']}", view.translate("The draft is saved."))


@pages.get("/automations/{key}")
async def one(view: View) -> Response:
    """Its tree, with the people at each step."""
    return await _shown(view)


@pages.post("/automations/{key}/{action}")
async def steer(view: View) -> Response:
    """Pause, resume or archive it, let a contact in, give it another name, copy it, or discard its draft."""
    key, action = view.request.path_params["key"], view.word("action", "enter", "rename", "copy", "discard", *_STEERED)
    path = f"/api/automations/{key}"
    try:
        if action == "enter":
            return await _let_in(view, key)
        if action == "rename":
            _, definition = await definition_of(view, key)
            await view.api.send("PUT", f"{path}/draft", definition | {"name": view.form.text("name")})
            return view.redirect(f"/panel/automations/{key}", view.translate("The name is saved in the draft."))
        if action == "copy":
            return await _copy(view, key)
        if action == "discard":
            await view.api.send("DELETE", f"{path}/draft")
            return view.redirect(f"/panel/automations/{key}", view.translate("The draft is discarded."))
        await view.api.send("POST", f"{path}/{action}")
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(f"/panel/automations/{key}", view.translate("Done."))


async def look(view: View, key: str) -> bytes:
    """What its page shows of people, to see whether it changed."""
    return (await view.api.call("GET", f"/api/automations/{key}/counts")).body


async def _let_in(view: View, key: str) -> Response:
    """One of the account's contacts, by the rules of entry."""
    named = view.form.text("contact")
    filtered = "email" if "@" in named else "phone" if named.startswith("+") else ""
    if filtered:
        found = (await view.api.get("/api/contacts", {filtered: named, "limit": 1}))["data"]
        if not found:
            return view.redirect(
                f"/panel/automations/{key}",
                view.translate("No contact has the address %(address)s.", address=named),
                "warn",
            )
        named = found[0]["id"]
    entered = (await view.api.send("POST", f"/api/automations/{key}/runs", {"contact": named}))["data"]
    if entered["run"] is None:
        told = view.translate("The contact is not let in: %(why)s", why=entered["outcome"])
        return view.redirect(f"/panel/automations/{key}", told, "warn")
    return view.redirect(f"/panel/runs/{entered['run']}", view.translate("The contact is inside."))


async def _copy(view: View, key: str) -> Response:
    """A draft of its own, with the same steps."""
    _, definition = await definition_of(view, key)
    name = view.form.text("name")
    named = {"key": key_of(name, _LONGEST_KEY) or f"{key}-2"[-_LONGEST_KEY:], "name": name}
    made = (await view.api.send("POST", "/api/automations", definition | named))["data"]
    return view.redirect(f"/panel/automations/{made['key']}", view.translate("The copy is saved as a draft."))


async def _shown(view: View, status: int = 200) -> Response:
    key = view.request.path_params["key"]
    automation, definition = await definition_of(view, key)
    counts, versions = await asyncio.gather(_counts(view, automation), _inside(view, automation))
    return view.page(
        "automations/one.html",
        status,
        automation=automation,
        definition=definition,
        counts=counts,
        versions=versions,
        steps=_by_step(counts),
        words=words,
        arms_of=arms_of,
    )


async def _counts(view: View, automation: dict[str, Any]) -> dict[str, Any]:
    """Of all its versions together."""
    if automation["version"] is None:
        return {"entered": 0, "inside": 0, "conversions": 0, "ended": {}, "steps": {}}
    versions = (await view.api.get(f"/api/automations/{automation['key']}/counts"))["data"]["versions"]
    total: dict[str, Any] = {name: sum(one[name] for one in versions) for name in ("entered", "inside", "conversions")}
    total["ended"] = _added(one["ended"] for one in versions)
    total["versions"] = versions
    return total


async def _inside(view: View, automation: dict[str, Any]) -> list[dict[str, Any]]:
    """Versions with people, and the newest."""
    if automation["version"] is None:
        return []
    return list((await view.api.get(f"/api/automations/{automation['key']}/inside"))["data"]["versions"])


def _funnel(view: View, counts: dict[str, Any]) -> Markup:
    """Where those are who entered."""
    ended = counts["ended"]
    parts = {"good": ended.get("completed", 0), "accent": counts["inside"], "bad": ended.get("failed", 0)}
    parts["calm"] = sum(ended.values()) - parts["good"] - parts["bad"]
    told = view.translate(
        "%(completed)s completed, %(inside)s inside, %(failed)s failed, %(left)s left",
        completed=parts["good"],
        inside=parts["accent"],
        failed=parts["bad"],
        left=parts["calm"],
    )
    return shares(parts, told)


def _by_step(counts: dict[str, Any]) -> dict[str, dict[str, int]]:
    """How many are at each step, and how often it was taken, in all versions."""
    found: dict[str, dict[str, int]] = {}
    for version in counts.get("versions", ()):
        for step, told in version["steps"].items():
            known = found.setdefault(step, {"inside": 0, "taken": 0})
            known["inside"] += told["inside"]
            known["taken"] += told["taken"]
    return found


def _added(several: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in several:
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total
