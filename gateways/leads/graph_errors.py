"""What the error codes of Meta's Graph API mean for a source of leads.

Groups of codes: developers.facebook.com/docs/graph-api/guides/error-handling and …/overview/rate-limiting. Meta's own
words name ids, and at times the token: they are not passed on.
"""

from typing import Any

import orjson

from gateways.answers import retry_after
from gateways.leads.fetching import Refused, unreadable
from gateways.net.http_answer import Answer

TOKEN_FAULTS = frozenset({"meta_102", "meta_190"})
"""Codes of ours for a token that is of no use."""

_TEMPORARY = frozenset({1, 2})
_RATE = frozenset({4, 17, 32, 613, 80001, 80004, 80005})
_TOKEN = frozenset({102, 190})
_PERMISSION = frozenset({10, *range(200, 300)})
_NO_SUCH_OBJECT = (100, 33)
_BLOCKED = 368

_TOKEN_WORDS = {
    458: "the app was removed from the Facebook account: connect the page again",
    459: "Facebook wants the person whose token it is to log in on its web site first; then create a new token",
    460: "the password of the Facebook account was changed, or Facebook ended its sessions: create a new token",
    463: "the token has expired: create a new one",
    464: "the Facebook account is not confirmed: confirm it, then create a new token",
    467: "the token was made invalid: create a new one",
    492: "the person whose token it is has no role on the page any more: create a token of somebody who has",
}
_TOKEN_UNFIT = "the token is not valid: create a new one"  # noqa: S105 - words
_PERMISSIONS = (
    "leads_retrieval",
    "pages_manage_metadata",
    "pages_manage_ads",
    "pages_read_engagement",
    "pages_show_list",
    "ads_management",
    "ads_read",
    "business_management",
)
_MISSING = (
    "Meta shows no such object: it was deleted (leads are kept for 90 days), or this token may not see it. Look whether"
    " the app has access to the page's leads in the Leads Access Manager, and its person a role on the page"
)
_USAGE = "x-business-use-case-usage"
_USAGE_CAP = 24 * 3600.0
"""Seconds: Meta's limits are for a day."""


def graph_refusal(answer: Answer, body: dict[str, Any] | None, needed: str) -> Refused | None:
    """Why Meta refused, by the code of its error; ``None``: it did not. ``needed``: the permission that it takes.

    An error that nobody knows is about the access: all leads of the source would meet it, so that the source is parked
    once, with its code shown, and no lead is lost. Trying again and again would hide it, and taking the lead for gone
    would lose it.
    """
    if body is None:
        return unreadable("Meta", answer)
    error = body.get("error")
    if not isinstance(error, dict):
        return None if 200 <= answer.status < 300 else _by_status(answer, f"http_{answer.status}", needed, {})
    number = error.get("code")
    if not isinstance(number, int) or isinstance(number, bool):
        return _by_status(answer, f"http_{answer.status}", needed, error)
    return _by_code(answer, number, needed, error)


def _by_code(answer: Answer, number: int, needed: str, error: dict[str, Any]) -> Refused:
    code, subcode = f"meta_{number}", error.get("error_subcode")
    if number in _RATE:
        return _rate(answer, code)
    if number in _TEMPORARY:
        return Refused("temporary", code, "Meta has a fault of its own at the moment")
    if number in _TOKEN:
        words = _TOKEN_WORDS.get(subcode, _TOKEN_UNFIT) if isinstance(subcode, int) else _TOKEN_UNFIT
        return Refused("access", code, f"Meta refuses the token: {words}")
    if number in _PERMISSION:
        return _no_permission(code, _named(error) or needed)
    if (number, subcode) == _NO_SUCH_OBJECT:
        return Refused("missing", code, _MISSING)
    if number == _BLOCKED:
        return Refused("blocked", code, "Meta has blocked this account or app for its policies: look there for notices")
    return _by_status(answer, code, needed, error)


def _by_status(answer: Answer, code: str, needed: str, error: dict[str, Any]) -> Refused:
    if answer.status == 429:
        return _rate(answer, code)
    if answer.status >= 500 or error.get("is_transient") is True:
        return Refused("temporary", code, "Meta has a fault of its own at the moment")
    if permission := _named(error):
        return _no_permission(code, permission)
    words = f"Meta refuses the request ({code}): look at the app, its permissions ({needed}) and the version of the API"
    return Refused("access", code, words)


def _no_permission(code: str, permission: str) -> Refused:
    words = (
        f"the permission {permission} is missing, or the app was taken away from the page's leads: look at the app's"
        " permissions, and at the Leads Access Manager in the settings of the business"
    )
    return Refused("access", code, words)


def _named(error: dict[str, Any]) -> str | None:
    """The permission that Meta's words name."""
    words = error.get("message")
    return next((one for one in _PERMISSIONS if one in words), None) if isinstance(words, str) else None


def _rate(answer: Answer, code: str) -> Refused:
    return Refused("rate", code, "Meta takes no more requests for this page for now", _regained(answer))


def _regained(answer: Answer) -> float | None:
    """Seconds until Meta takes requests again: the longest of what its header names, in minutes."""
    try:
        usage = orjson.loads(answer.headers.get(_USAGE, ""))
    except orjson.JSONDecodeError:
        usage = None
    groups = usage.values() if isinstance(usage, dict) else ()
    longest = max((_minutes(entry) for group in groups if isinstance(group, list) for entry in group), default=0.0)
    return min(longest * 60, _USAGE_CAP) if longest > 0 else retry_after(answer)


def _minutes(entry: object) -> float:
    value = entry.get("estimated_time_to_regain_access") if isinstance(entry, dict) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
