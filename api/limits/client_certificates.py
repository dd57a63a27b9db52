"""The client certificate that a proxy has checked (mTLS), for keys that are bound to one.

The proxy ends TLS, and passes the certificate on in a header, as nginx's ``$ssl_client_escaped_cert`` writes it. From
anybody else the header is removed before anything reads it: otherwise everybody could send any certificate, which is
public, without having its private key.
"""

import base64
import hashlib
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

HEADER = "x-client-certificate"
_NAME = HEADER.encode()
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


class OnlyFromProxies:
    """An application whose requests have the header only if they come from a proxy."""

    def __init__(self, app: ASGIApp, is_proxy: Callable[[str], bool]) -> None:
        self._app = app
        self._is_proxy = is_proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and any(name == _NAME for name, _ in scope["headers"]):
            client = scope.get("client")
            if client is None or not self._is_proxy(client[0]):
                kept = [(name, value) for name, value in scope["headers"] if name != _NAME]
                scope = {**scope, "headers": kept}
        await self._app(scope, receive, send)


def fingerprint_of(request: Request) -> str | None:
    """The SHA-256 of the request's client certificate, in hexadecimal; ``None``: it has none, or several."""
    values = request.headers.getlist(HEADER)
    if len(values) != 1:
        return None
    text = unquote_to_bytes(values[0])
    start, end = text.find(_BEGIN), text.find(_END)
    if start < 0 or end < start:
        return None
    try:
        der = base64.b64decode(b"".join(text[start + len(_BEGIN) : end].split()), validate=True)
    except ValueError:
        return None
    return hashlib.sha256(der).hexdigest() if der else None
