"""What the API knows of reputations and warm-ups, for pages of other subjects."""

from typing import Any

from panel.http.answers import allowed_data
from panel.http.view import View


async def of_gateway(view: View, gateway: str) -> dict[str, Any] | None:
    """The reputation of a gateway with its ``warm_up``; for accounts the warm-up alone. ``None``: not to be seen."""
    if view.viewer.account is None:
        found = await allowed_data(view.api, view.address(f"/gateways/{gateway}/reputation"))
        return None if found is None else dict(found)
    return {"warm_up": await _own(view, "gateway_id", gateway), "rates": [], "findings": [], "paused": None}


async def warm_up_of_domain(view: View, domain: dict[str, Any]) -> dict[str, Any] | None:
    """``None``: there is none, or it is not to be seen."""
    if view.viewer.account is not None:
        return await _own(view, "domain_id", domain["id"])
    if domain["user_id"] is None:
        return None
    found = await allowed_data(view.api, f"/api/admin/v1/users/{domain['user_id']}/reputation")
    return None if found is None else _one(found, "domain_id", domain["id"])


async def _own(view: View, name: str, id_: Any) -> dict[str, Any] | None:
    return _one((await view.api.get("/api/reputation"))["data"], name, id_)


def _one(reputation: dict[str, Any], name: str, id_: Any) -> dict[str, Any] | None:
    return next((dict(one) for one in reputation["warm_ups"] if one[name] == id_), None)
