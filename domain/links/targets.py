"""What a link leads to: a URL in ASCII, with the parameters by which statistics tell campaigns apart."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import idna

MAX_URL = 2000
"""Characters of a target; a longer link is left as it is."""

Utm = tuple[tuple[str, str], ...]
"""Parameters with their values, such as (`source`, `newsletter`), for ``utm_source=newsletter``."""

UTM_NAMES = ("source", "medium", "campaign", "term", "content")

_SAFE = "!#$%&'()*+,/:;=?@[]~"
_HOST = re.compile(r"(?:[a-z0-9_][a-z0-9_\-]*\.)+[a-z0-9\-]+\.?")
"""With a dot at least: other names lead nowhere outside of a network."""


def ascii_target(url: str) -> str | None:
    """A web link as it is sent in a header; ``None``: one that is left alone, as it is too long, has a user or a
    password in it, or no host that can be looked up."""
    if len(url) > MAX_URL:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or "@" in parts.netloc or "%" in host or parts.netloc.endswith(":"):
        return None
    if (written := _ascii_host(host)) is None:
        return None
    tail = url[url.index("://") + 3 + len(parts.netloc) :]
    place = written if port is None else f"{written}:{port}"
    target = f"{parts.scheme}://{place}{quote(tail, safe=_SAFE)}"
    return target if len(target) <= MAX_URL else None


def _ascii_host(host: str) -> str | None:
    if ":" in host:  # an address of IPv6
        return f"[{host}]"
    if host.isascii():
        return host if _HOST.fullmatch(host) else None
    try:
        written = idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return None
    return written if _HOST.fullmatch(written) else None


def with_utm(url: str, utm: Utm) -> str:
    """The URL with those parameters that it lacks; all else of it stays as it was written."""
    if not utm:
        return url
    rest, mark, fragment = url.partition("#")
    query = rest.partition("?")[2]
    present = {part.partition("=")[0].lower() for part in re.split("[&;]", query)}
    added = [f"utm_{name}={quote(value, safe='')}" for name, value in utm if f"utm_{name}" not in present]
    if not added:
        return url
    joint = "" if rest.endswith(("?", "&")) else "&" if "?" in rest else "?"
    made = f"{rest}{joint}{'&'.join(added)}{mark}{fragment}"
    return made if len(made) <= MAX_URL else url


def utm_of(values: Mapping[str, str]) -> Utm:
    """The parameters in their usual order."""
    return tuple((name, values[name]) for name in UTM_NAMES if values.get(name))
