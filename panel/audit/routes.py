"""The audit log: who did what, and what changed."""

from typing import Any

from starlette.responses import Response

from panel.http.pages import Pages
from panel.http.view import View
from panel.rendering.words import Look, _

pages = Pages("audit")

_AT_A_TIME = 50
_FILTERS = ("outcome", "actor", "target", "occurred_after", "occurred_before", "cursor")


OUTCOMES: dict[str, Look] = {
    "ok": Look("good", "circle-check", _("Done")),
    "denied": Look("warn", "ban", _("Denied")),
    "failed": Look("bad", "circle-x", _("Failed")),
}


@pages.get("/audit")
async def listing(view: View) -> Response:
    """The newest first, filtered by what the address says."""
    query: dict[str, Any] = {name: _written(view.query(name), name) for name in _FILTERS} | {"limit": _AT_A_TIME}
    query["action"] = [action for action in view.query("action").replace(",", " ").split() if action]
    found = await view.staff_api.get("/api/admin/v1/audit", query)
    values = {"entries": found["data"], "next_cursor": found["next_cursor"], "outcomes": OUTCOMES}
    return view.page("audit/rows.html" if view.is_fragment else "audit/list.html", **values)


def _written(value: str, name: str) -> str:
    """A day stands for its first moment, by the clock of UTC."""
    return f"{value}T00:00:00Z" if name.startswith("occurred") and value and "T" not in value else value
