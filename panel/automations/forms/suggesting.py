"""Keys of things that fields name, to choose from instead of to know by heart."""

import asyncio
from collections.abc import Iterable

from panel.automations.forms.fields import Field
from panel.http.client import Refused
from panel.http.view import View

_LISTED = {
    "templates": ("/api/templates", "key"),
    "gateways": ("/api/gateways", "identifier"),
    "hooks": ("/api/hooks", "key"),
    "automations": ("/api/automations", "key"),
    "sources": ("/api/lead-sources", "key"),
    "groups": ("/api/groups", "key"),
}
"""Where each is listed, and the member that names one."""
_MOST = 100


async def suggestions(view: View, fields: Iterable[Field]) -> dict[str, list[tuple[str, str]]]:
    """Of what these fields name: each with its name for people."""
    wanted = sorted({one.of for field in fields for one in (field, *field.rows) if one.of})
    found = await asyncio.gather(*(_listed(view, name) for name in wanted))
    return dict(zip(wanted, found, strict=True))


async def _listed(view: View, name: str) -> list[tuple[str, str]]:
    path, member = _LISTED[name]
    try:
        rows = (await view.api.get(path, {"limit": _MOST}))["data"]
    except Refused:  # who may not see them can still write the key
        return []
    return [(row[member], row.get("name") or row.get("channel") or "") for row in rows]
