"""Forms of the panel are believed if they come from a page of ours, and carry a token that only our pages can know."""

import hashlib
import hmac

from fastapi import Request
from starlette.datastructures import FormData

from api.limits.own_page import HEADER, comes_from_elsewhere

FIELD = "csrf"
"""Of a form; requests of scripts have the header ``X-CSRF`` instead."""


def csrf_token(session: str | None) -> str:
    """The token of a session's pages: made of the cookie, which pages cannot read, and of no use without it."""
    return hashlib.sha256(b"panel csrf " + (session or "").encode()).hexdigest()[:32]


def is_own_form(request: Request, session: str | None, form: FormData) -> bool:
    """Whether a request that changes something comes from a page that we gave to this session."""
    given = request.headers.get(HEADER) or form.get(FIELD)
    is_known = isinstance(given, str) and hmac.compare_digest(given.encode(), csrf_token(session).encode())
    return is_known and not comes_from_elsewhere(request)
