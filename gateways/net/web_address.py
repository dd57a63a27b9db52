"""Web addresses in configurations: refused when they are written, not when the first message leaves."""

import re
from typing import Annotated

import httpx
from pydantic import AfterValidator

from gateways.config.template import has_placeholder, without_placeholders

_AUTHORITY = re.compile(r"[^:]+://([^/?#]*)")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")


def _checked(text: str) -> str:
    plain = without_placeholders(text)
    if _FORBIDDEN.search(plain):
        raise ValueError("must not contain spaces, backslashes or control characters")
    try:
        url = httpx.URL(plain)
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from None
    authority = _AUTHORITY.match(text)
    if url.scheme not in {"http", "https"} or not url.host or authority is None:
        raise ValueError("must begin with http:// or https:// and a host")
    if url.port is not None and not 1 <= url.port <= 65535:
        raise ValueError("must have a port between 1 and 65535")
    if has_placeholder(authority[1]):
        raise ValueError("must not have placeholders in the host")
    if url.userinfo:
        raise ValueError("must not contain a user name or password; put them into the headers, which are kept secret")
    return text


WebAddress = Annotated[str, AfterValidator(_checked)]
"""An absolute http or https URL without credentials; placeholders only after the host."""
