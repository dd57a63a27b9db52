"""How requests and their answers are told, and where what they made is shown."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_KINDS = {2: "good", 3: "accent", 4: "warn", 5: "bad"}
_ICONS = {2: "check", 3: "arrow-right", 4: "triangle-alert", 5: "circle-x"}
_CHANNELS = ("email", "sms", "whatsapp")
_PAGES = {
    **{
        name: f"/panel/{name}/{{}}" for name in ("callbacks", "campaigns", "contacts", "devices", "domains", "gateways")
    },
    **{name: f"/panel/{name}/{{}}" for name in ("segments", "users")},
}
"""By the first part of a path: of those whose pages are named by the id that an answer begins with."""


def kind_of(status: int) -> tuple[str, str]:
    """The colour and the icon of a status."""
    return _KINDS.get(status // 100, "calm"), _ICONS.get(status // 100, "info")


def page_of(path: str, id_: str, *, is_first: bool) -> str | None:
    """The page of what a request made or changed; ``None``: it has none. Further ids may be of other things."""
    parts = path.removeprefix("/api/admin/v1/").removeprefix("/api/").split("/")
    if parts[0] in _CHANNELS and len(parts) > 1:
        return f"/panel/messages/{id_}?channel={parts[0]}"
    if parts[0] == "messages":
        return f"/panel/messages/{id_}"
    is_of_path = parts[1:2] in ([], [id_])  # of POST /contacts/import the answer is an operation
    return _PAGES[parts[0]].format(id_) if is_first and is_of_path and parts[0] in _PAGES else None


def readable(body: str | None) -> str:
    """JSON with indents, if it is whole."""
    try:
        return json.dumps(json.loads(body or ""), indent=2, ensure_ascii=False)
    except json.JSONDecodeError:
        return body or ""


def as_curl(url: str, entry: Mapping[str, Any]) -> str:
    """The request, to be sent again with a key: as much of it as is kept."""
    parts = ["curl"] if entry["method"] == "GET" else ["curl", "-X", entry["method"]]
    parts += [shlex.quote(url + entry["path"]), "\\\n  -H", '"Api-key: $KEY"']
    if entry["body"]:
        parts += ["\\\n  -H", "'Content-Type: application/json'", "\\\n  -d", shlex.quote(entry["body"])]
    return " ".join(parts)
