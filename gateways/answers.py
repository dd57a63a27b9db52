"""Default interpretation of HTTP answers, if the provider documents nothing more precise."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from domain.messages.outcomes import GatewayDown, Outcome, Refused, RetryLater, Unknown
from gateways.net.http_answer import Answer

RETRY_AFTER_CAP = 3600.0
"""Seconds. If a provider requests more, the next attempt is after an hour all the same."""
REASON_CAP = 300
"""Characters of a provider's own words that are kept."""

_LOOKED_AT = 20 * REASON_CAP
"""Characters of them that are gone through, spaces and all."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATES = re.compile(
    r"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""Escapes of surrogates: whole pairs, and a backslash that is escaped itself, are in the group, halves are not."""

_CREDENTIALS = frozenset({401, 402, 403, 407})
_PERHAPS_TAKEN = frozenset({504, 520, 524})


def failure(answer: Answer, reason: str | None = None) -> Outcome:
    """Say what an answer that is not a success means for the message.

    * 429, and 503 with ``Retry-After`` (RFC 9110 §10.2.3): not taken, come back later.
    * 401, 402, 403, 407: the credentials do not work or the balance is used up, for this message or any other: the
      gateway is down.
    * A redirect (they are never followed), 405, and a 404 that is no API's JSON: the address of the API is wrong.
    * 408, 500, 501, 502, 503 and other 5xx: the gateway is down. 502 counts as "not taken": a proxy sends it when it
      got no valid answer, nearly always because the server behind it was not there.
    * 504, and Cloudflare's 520 and 524: a proxy passed the request on and got no answer, so the server behind it
      may have taken the message: unknown.
    * All else: this message is refused, with code ``http_<status>``.
    """
    status, words = answer.status, error_text(answer, reason)
    if status == 429 or (status == 503 and "retry-after" in answer.headers):
        return RetryLater(retry_after(answer), words)
    if status in _PERHAPS_TAKEN:
        return Unknown(words)
    if status in _CREDENTIALS or status == 408 or status >= 500 or _is_elsewhere(answer):
        return GatewayDown(words)
    return Refused(f"http_{status}", words)


def _is_elsewhere(answer: Answer) -> bool:
    """Whether what answered is not the API that we mean."""
    if answer.status == 404:
        return not isinstance(parse(answer), dict | list)
    return 300 <= answer.status < 400 or answer.status == 405


def error_text(answer: Answer, reason: str | None = None) -> str:
    """An answer in one line: its status and the reason, by default the start of its body."""
    words = clean(reason or _words(answer))
    return f"answered {answer.status}: {words}" if words else f"answered {answer.status}"


def retry_after(answer: Answer) -> float | None:
    """Read ``Retry-After``, seconds or an HTTP date, as seconds from now; ``None`` if absent or unreadable."""
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text), RETRY_AFTER_CAP)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:  # an HTTP date is always in GMT, "-0000" included
        when = when.replace(tzinfo=UTC)
    return min(max((when - datetime.now(UTC)).total_seconds(), 0.0), RETRY_AFTER_CAP)


def parse(answer: Answer) -> Any:
    """Read the body as JSON; ``None`` if it is not."""
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None


def lenient_json(body: bytes) -> Any:
    """Read JSON of people's own words: one broken character of it does not lose the rest, it is replaced.

    Raises:
        orjson.JSONDecodeError: it is not JSON for other reasons.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        text = _SURROGATES.sub(lambda found: found[1] or "\\ufffd", body.decode(errors="replace"))
        return orjson.loads(text)


def clean(text: str) -> str:
    """Clean an untrusted text for storage and display: one line, no control characters, not too long."""
    return " ".join(_CONTROLS.sub(" ", text[:_LOOKED_AT]).split())[:REASON_CAP]


def _words(answer: Answer) -> str:
    """Take the start of the body as the reason, unless it is a page for people."""
    if "html" in answer.headers.get("content-type", ""):
        return "(an HTML page)"
    return answer.body[: 4 * REASON_CAP].decode("utf-8", "replace")
