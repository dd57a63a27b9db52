"""The first steps in an account, each ticked by what the API answers; who does not need the list hides it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.view import View
from panel.rendering.words import _

_HIDDEN = "xsender_steps"
"""A cookie: ids of the accounts whose list is hidden in this browser, joined by dots."""
_FOR_A_YEAR = 365 * 24 * 3600
_MOST_HIDDEN = 50
_READ_KEYS = 100


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do at first."""

    icon: str
    title: str
    told: str
    path: str
    button: str
    is_done: bool = False


async def steps_of(view: View) -> list[Step]:
    """In an account, until all are done or the list is hidden; no steps otherwise."""
    if view.viewer.account is None or view.viewer.account.id in hidden_in(view):
        return []
    connected = view.viewer.account.environment == "live"
    sent, keyed, published = await asyncio.gather(
        _any(view, "/api/messages", lambda _: True, limit=1),
        _any(view, "/api/keys", lambda one: one["revoked_at"] is None, limit=_READ_KEYS),
        _any(view, "/api/automations", lambda one: one["version"] is not None),
    )
    steps = _steps(sent, connected, keyed, published, view.viewer.has_second_factor)
    return [] if all(step.is_done for step in steps) else steps


def _steps(sent: bool, connected: bool, keyed: bool, published: bool, is_protected: bool) -> list[Step]:
    no_trace = _("Through a sandbox gateway: nothing leaves this install.")
    ways_out = _("An SMTP server, Twilio, Meta, your own phones and many more.")
    step_by_step = _("Messages that are sent by themselves, step by step.")
    factor = _("A code of your phone besides the password, for your own log-in.")
    return [
        Step("send", _("Send your first message"), no_trace, "/panel/send", _("Send"), sent),
        Step("plug", _("Connect a gateway of your own"), ways_out, "/panel/gateways/new", _("Connect"), connected),
        Step("key", _("Make an API key"), _("For programs that send."), "/panel/keys/new", _("Make a key"), keyed),
        Step("workflow", _("Publish an automation"), step_by_step, "/panel/automations/new", _("Begin"), published),
        Step("shield-check", _("Add a second factor"), factor, "/panel/security", _("Set up"), is_protected),
    ]


async def _any(view: View, path: str, fits: Callable[[dict[str, Any]], bool], **query: int) -> bool:
    """Whether one of the first page of a list is like that; what this session may not read does not count."""
    try:
        return any(fits(one) for one in (await view.api.get(path, query))["data"])
    except Refused as refused:
        if refused.status != 403:
            raise
        return False


def hidden_in(view: View) -> list[int]:
    """Accounts whose list is hidden."""
    return [int(one) for one in view.request.cookies.get(_HIDDEN, "").split(".") if one.isdecimal()]


def hide(view: View, answer: Response, account_id: int) -> None:
    """Show no list in this account any more."""
    kept = [one for one in hidden_in(view) if one != account_id][-_MOST_HIDDEN + 1 :]
    value = ".".join(str(one) for one in [*kept, account_id])
    answer.set_cookie(_HIDDEN, value, _FOR_A_YEAR, path="/panel", httponly=True, samesite="lax")
