"""What works unseen: task queues, builds of the workers, schedules; and a check of all of it."""

import orjson
from starlette.responses import Response

from panel.http.pages import Pages
from panel.http.view import View
from panel.system import words

pages = Pages("system")

_SYSTEM = "/api/admin/v1/system"


@pages.get("/system/queues")
async def queues(view: View) -> Response:
    """What waits, for what, and who works at it."""
    found = (await view.staff_api.get(f"{_SYSTEM}/queues"))["data"]
    return view.page("system/queues.html", found=found, words=words)


async def look(view: View, _: str) -> bytes:
    """What the page of queues shows, but for the seconds that pass."""
    found = (await view.staff_api.get(f"{_SYSTEM}/queues"))["data"]
    served = [(one["queue"], one["workers"], (one["backlog"] or {}).get("tasks")) for one in found["queues"]]
    return orjson.dumps([served, [(one["lane"], one["reason"], one["messages"]) for one in found["waiting"]]])


@pages.get("/system/builds")
async def builds(view: View) -> Response:
    """Which build of the workers gets new work, and which may go."""
    found = (await view.staff_api.get(f"{_SYSTEM}/builds"))["data"]
    return view.page("system/builds.html", found=found, words=words)


@pages.get("/system/schedules")
async def schedules(view: View) -> Response:
    """What begins by itself, again and again."""
    kind = "clocks" if view.query("kind") == "automations" else "schedules"
    found = await view.staff_api.get(f"{_SYSTEM}/{kind}", {"cursor": view.query("cursor"), "limit": 50})
    values = {"kind": kind, "listed": found["data"], "next_cursor": found["next_cursor"]}
    return view.page("system/schedule_rows.html" if view.is_fragment else "system/schedules.html", **values)


@pages.get("/system/doctor")
async def doctor(view: View) -> Response:
    """What is wrong with the install, and what to do."""
    asked = {"fresh": "true"} if view.query("fresh") else None
    found = (await view.staff_api.get(f"{_SYSTEM}/doctor", asked))["data"]
    levels = {level: [one for one in found["findings"] if one["level"] == level] for level in words.LEVELS}
    return view.page("system/doctor.html", found=found, levels=levels, words=words)
