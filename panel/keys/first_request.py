"""A request to try a new key with, as a line for a terminal."""

import json
from collections.abc import Sequence

_CONTACTS = {
    "sms": {"number": "+14155550123"},
    "whatsapp": {"number": "+14155550123"},
    "email": {"email": "ada@example.com"},
}


def first_request(url: str, key: str, kind: str, scopes: Sequence[str]) -> str:
    """What this key may do: sending if it may, else reading."""
    header = f'-H "Api-key: {key}"'
    if kind in ("admin", "staff"):
        return f"curl {url}/api/admin/v1/overview {header}"
    if "send" not in scopes:
        return f"curl {url}/api/messages {header}"
    narrowed = [scope.removeprefix("channel:") for scope in scopes if scope.startswith("channel:")]
    channel = narrowed[0] if narrowed and narrowed[0] in _CONTACTS else "sms"
    body = {"contact": [_CONTACTS[channel]], "message": "Hello"} | ({"subject": "Hello"} if channel == "email" else {})
    typed = "-H 'Content-Type: application/json'"
    return f"curl {url}/api/{channel}/send \\\n  {header} {typed} \\\n  -d '{json.dumps(body)}'"
