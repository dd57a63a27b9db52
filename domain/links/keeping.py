"""Links that are left as they are: those that an account names, such as links that open its app."""

import re
from urllib.parse import urlsplit

from domain.errors import InvalidError

_PATTERN = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.\-]*[a-z0-9])?(?:/[!-~]*)?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*:(?://)?")
MAX_PATTERN = 200
MOST_PATTERNS = 50


def check_pattern(text: str, place: str) -> str:
    """A pattern in its normal form.

    Raises:
        InvalidError: it is neither a domain, perhaps with the start of a path, nor a scheme.
    """
    pattern = re.sub(r"\Ahttps?://", "", text.strip(), flags=re.IGNORECASE)
    host, slash, path = pattern.partition("/")
    written = host.lower() + slash + path
    if len(written) <= MAX_PATTERN and (_PATTERN.fullmatch(written) or _SCHEME.fullmatch(pattern.lower())):
        return written
    message = f"{text[:100]!r} is no pattern: write app.example.com, *.example.com, example.com/app/ or myapp://"
    raise InvalidError("keep_links_pattern", message, place)


def is_kept(target: str, patterns: tuple[str, ...]) -> bool:
    """Whether a web link, in ASCII, matches one of the patterns."""
    if not patterns:
        return False
    parts = urlsplit(target)
    host = parts.hostname or ""
    return any(_matches(host, parts.path or "/", pattern) for pattern in patterns)


def _matches(host: str, path: str, pattern: str) -> bool:
    wanted, slash, start = pattern.partition("/")
    fits = host.endswith(wanted[1:]) if wanted.startswith("*.") else host == wanted
    return fits and path.startswith(slash + start)
