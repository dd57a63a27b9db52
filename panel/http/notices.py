"""A line at the top of the next page that tells what was done: kept in a cookie for that long."""

from dataclasses import dataclass
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

_COOKIE = "xsender_notice"
_SECONDS = 20
_LONGEST = 300
_KINDS = ("good", "bad")


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody is told once."""

    text: str
    kind: str = "good"


def notice_of(request: Request) -> Notice | None:
    """What the page before left."""
    kind, _, text = request.cookies.get(_COOKIE, "").partition(".")
    return Notice(unquote(text)[:_LONGEST], kind) if text and kind in _KINDS else None


def set_notice(response: Response, notice: Notice) -> None:
    """Leave it for the next page."""
    value = f"{notice.kind}.{quote(notice.text[:_LONGEST])}"
    response.set_cookie(_COOKIE, value, max_age=_SECONDS, path="/panel", httponly=True, samesite="lax")


def forget_notice(response: Response) -> None:
    """It was shown."""
    response.delete_cookie(_COOKIE, path="/panel")
