"""What the answers of LinkedIn's API mean for a source of leads (learn.microsoft.com, "Error Handling").

LinkedIn's own words may name people and tokens: they are not passed on.
"""

import re
from typing import Any

from gateways.answers import retry_after
from gateways.leads.fetching import Refused, unreadable
from gateways.net.http_answer import Answer

SCOPE = "r_marketing_leadgen_automation"
"""The permission that reading leads takes."""

_NAME = re.compile("[A-Z_]{3,60}")
_TOKEN_WORDS = {
    "EXPIRED_ACCESS_TOKEN": "the token has expired: create a new one",
    "REVOKED_ACCESS_TOKEN": "the token was revoked: create a new one",
}
_TOKEN_UNFIT = "the token is not valid: create a new one"  # noqa: S105 - words
_NO_ACCESS = (
    f"LinkedIn gives no access: the token lacks the permission {SCOPE}, or the person whose token it is has no role on"
    " the ad account or page"
)
_TEMPORARY = frozenset({408, 425})


def linkedin_refusal(answer: Answer, body: dict[str, Any] | None) -> Refused | None:
    """Why LinkedIn refused, by the status of its answer; ``None``: it did not.

    A status that is not listed is about the access: see ``graph_refusal``.
    """
    status = answer.status
    if body is None:
        return unreadable("LinkedIn", answer)
    if 200 <= status < 300:
        return None
    code = f"linkedin_{status}"
    if status >= 500 or status in _TEMPORARY or status < 400:
        return Refused("temporary", code, f"LinkedIn answered {status}: it has a fault of its own at the moment")
    if status == 429:
        return Refused("rate", code, "LinkedIn takes no more requests for now", retry_after(answer))
    if status == 404:
        return Refused("missing", code, "LinkedIn shows no such object: it was deleted, or this token may not see it")
    return Refused("access", code, _access_words(status, _name(body)))


def _access_words(status: int, name: str) -> str:
    if status == 401:
        return f"LinkedIn refuses the token: {_TOKEN_WORDS.get(name, _TOKEN_UNFIT)}"
    if status == 403:
        return _NO_ACCESS
    if status == 426:
        return "LinkedIn does not serve this version of its API any more: set a newer one"
    said = f" ({name})" if name else ""
    return f"LinkedIn refuses the request with {status}{said}: look at the owner, the version of the API and the token"


def _name(body: dict[str, Any]) -> str:
    """LinkedIn's name of the error, if it has one."""
    code = body.get("code")
    return code if isinstance(code, str) and _NAME.fullmatch(code) else ""
