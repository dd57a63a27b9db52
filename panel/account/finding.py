"""Accounts in forms of staff: named by a part of their name or address, or by their number."""

from typing import Any

import orjson

from panel.http.answers import allowed_data
from panel.http.client import Answer, Refused
from panel.http.view import View

USERS = "/api/admin/v1/users"
_FEW = 8
_SHORTEST = 2
"""Characters with which accounts are looked for."""


async def suggestions(view: View, text: str) -> list[dict[str, Any]]:
    """Accounts that a text fits; none where this member of staff may not list them."""
    if not view.viewer.is_staff or len(text) < _SHORTEST:
        return []
    return list(await allowed_data(view.staff_api, USERS, {"q": text, "limit": _FEW}) or [])


async def account_in(view: View, name: str, pointer: str) -> int | None:
    """The number of the account that a field names; ``None``: it is empty. ``pointer``: where errors of it are shown.

    Several that fit are offered by the form, which is to be shown again.

    Raises:
        Refused: none fits, or several do.
    """
    text = view.form.text(name)
    if not text:
        return None
    if text.isdecimal():
        return int(text)
    found = await suggestions(view, text)
    wanted = text.casefold()
    exact = [one for one in found if wanted in (one["name"].casefold(), one["email"].casefold())]
    if len(named := exact or found) == 1:
        return int(named[0]["id"])
    view.form.offered[name] = found
    several, none = view.translate("Several accounts fit: choose one."), view.translate("No account fits.")
    raise _refusal(several if found else none, pointer)


def _refusal(message: str, pointer: str) -> Refused:
    """As the API refuses what cannot be right."""
    error = {"code": "account_unknown", "message": message, "pointer": pointer}
    return Refused(Answer(422, [], orjson.dumps({"message": message, "errors": [error]})))
