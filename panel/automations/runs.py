"""Runs: contacts on their way through an automation, and the way of one."""

from typing import Any

from starlette.responses import Response

from panel.automations import words
from panel.automations.tree import all_steps, arms_of
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("automations", in_account=True)

STATES = ("waiting", "running", "completed", "exited", "failed", "cancelled")
_FILTERS = ("state", "step", "version", "reason", "code", "cursor")
_STEERED = ("retry", "exit", "skip")


@pages.get("/automations/{key}/runs")
async def listing(view: View) -> Response:
    """The newest first."""
    key = view.request.path_params["key"]
    query = {name: view.query(name) for name in _FILTERS} | {"limit": 50}
    found = await view.api.get(f"/api/automations/{key}/runs", query)
    automation = (await view.api.get(f"/api/automations/{key}"))["data"]
    values = {"automation": automation, "runs": found["data"], "next_cursor": found["next_cursor"], "states": STATES}
    return view.page("automations/runs.html", words=words, **values)


@pages.get("/runs/{run}")
async def one(view: View) -> Response:
    """What it did, step by step, and the way it took."""
    return await _shown(view)


@pages.post("/runs/{run}/{action}")
async def steer(view: View) -> Response:
    """Have it go on, skip the step in which it waits, or end it."""
    run, action = view.request.path_params["run"], view.word("action", *_STEERED)
    body = {"step": view.form.text("step")} if action == "skip" else None
    try:
        await view.api.send("POST", f"/api/runs/{run}/{action}", body)
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(f"/panel/runs/{run}", view.translate("Done."))


async def look(view: View, run: str) -> bytes:
    """What its page shows, to see whether it changed."""
    return (await view.api.call("GET", f"/api/runs/{run}")).body


async def _shown(view: View, status: int = 200) -> Response:
    run: dict[str, Any] = (await view.api.get(f"/api/runs/{view.request.path_params['run']}"))["data"]
    version = (await view.api.get(f"/api/automations/{run['automation']}/versions/{run['version']}"))["data"]
    definition = version["definition"]
    named = {step["id"]: step for step in all_steps(definition)}
    taken = {one["step"]: one for one in run["steps"]}
    values = {"run": run, "definition": definition, "named": named, "taken": taken, "words": words, "arms_of": arms_of}
    return view.page("automations/run.html", status, **values)
