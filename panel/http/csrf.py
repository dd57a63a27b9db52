"""Forms of the panel are believed if they come from a page of ours, and carry a token that only our pages can know."""

import hashlib
import hmac
import secrets

from fastapi import Request
from starlette.datastructures import FormData

from api.limits.own_page import HEADER, comes_from_elsewhere

FIELD = "csrf"
"""Of a form; requests of scripts have the header ``X-CSRF`` instead."""


_SALT = 16
"""Characters."""


def csrf_token(session: str | None, salt: str = "") -> str:
    """A token of a session's pages: made of the cookie, which pages cannot read, and of no use without it.

    ``salt``: each page has another one, so that the size of compressed pages tells nothing about it (BREACH).
    """
    salt = salt or secrets.token_hex(_SALT // 2)
    return salt + hashlib.sha256(f"panel csrf {salt} {session or ''}".encode()).hexdigest()[:32]


def is_own_form(request: Request, session: str | None, form: FormData) -> bool:
    """Whether a request that changes something comes from a page that we gave to this session."""
    given = request.headers.get(HEADER) or form.get(FIELD)
    if not isinstance(given, str) or len(given) <= _SALT:
        return False
    is_known = hmac.compare_digest(given.encode(), csrf_token(session, given[:_SALT]).encode())
    return is_known and not comes_from_elsewhere(request)
