"""What a form of any web site posts: who may post, what shows robots, and what is kept."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from domain.errors import ConflictError, InvalidError
from domain.leads.reading import form
from domain.leads.source import SourceSettings
from domain.request_rates import Rate
from services.leads.receiving import Arrived
from store.leads.sources import Source

TOKEN = "_token"  # noqa: S105 - the name of a field
REDIRECT = "_redirect"
RATE = Rate(0.5, burst=30)
"""Posts from one address to one form. Many people may share an address."""

_TOKEN_SECONDS = 24 * 3600
_LONGEST_REDIRECT = 2_048
_NOT_IN_ADDRESSES = "\\\t\r\n"
"""Browsers read or leave these out in ways of their own."""


def allows_origin(settings: SourceSettings, origin: str) -> bool:
    """Whether pages of this web site may post."""
    return origin.lower() in {one.lower().rstrip("/") for one in settings.origins}


def is_robot(settings: SourceSettings, body: Mapping[str, Any]) -> bool:
    """Whether the field is filled in that people do not see."""
    return settings.honeypot is not None and body.get(settings.honeypot) not in (None, "", [], {})


def token_for(source: Source, secret: str | None, now: float) -> str:
    """What a form brings back, to show when its page was opened.

    Raises:
        ConflictError: the source has no secret to sign it with.
    """
    if secret is None:
        message = "this form cannot measure how fast it was filled in: its source has no secret"
        raise ConflictError("form_secret_missing", message)
    stamp = str(int(now))
    return f"{stamp}.{_signature(source, secret, stamp)}"


def check_token(source: Source, secret: str | None, body: Mapping[str, Any], now: float) -> None:
    """Refuse forms that were filled in faster than people can, where its owner wants that.

    Raises:
        InvalidError: the token is missing, forged, older than a day, or too young.
        ConflictError: the source has no secret.
    """
    least = SourceSettings.of(source.settings).min_seconds
    if least <= 0:
        return
    stamp, _, given = str(body.get(TOKEN, "")).partition(".")
    expected = token_for(source, secret, int(stamp)) if stamp.isascii() and stamp.isdigit() and len(stamp) < 15 else ""
    if not expected or not hmac.compare_digest(f"{stamp}.{given}".encode(), expected.encode()):
        raise InvalidError("form_token", f"the form needs a {TOKEN}: load the page again", f"/{TOKEN}")
    age = now - int(stamp)
    if age > _TOKEN_SECONDS:
        raise InvalidError("form_token", "the page was opened more than a day ago: load it again", f"/{TOKEN}")
    if age < least:
        raise InvalidError("form_too_fast", "the form was sent too fast: try again in a few seconds", f"/{TOKEN}")


def redirect_in(settings: SourceSettings, body: Mapping[str, Any]) -> str | None:
    """Where the browser is to be sent; ``None``: nowhere.

    Raises:
        InvalidError: that is not among the hosts that the owner of the form allows.
    """
    given = body.get(REDIRECT)
    if given in (None, ""):
        return None
    if not isinstance(given, str) or not _is_allowed(settings, given):
        message = "the form may not send people on to this address: its owner allows hosts in `redirects`"
        raise InvalidError("redirect_not_allowed", message, f"/{REDIRECT}")
    return given


def arrived(
    source: Source, body: Mapping[str, Any], delivery: bytes | None, now: datetime, *, is_test: bool
) -> Arrived:
    """The lead: the fields of the form, without those that are for us. ``delivery``: the digest of an id that the
    sender gave it.

    Without that it is known by the id that makers of forms put into their bodies, else by all that it says and the
    day: whoever writes again with other words is a lead of its own, of which it is seen later whose it is.

    Raises:
        InvalidError: it has no fields, or cannot be read.
    """
    ours = {TOKEN, REDIRECT, SourceSettings.of(source.settings).honeypot}
    raw = {name: value for name, value in body.items() if name not in ours}
    if not raw:
        raise InvalidError("form_empty", "the form has no fields")
    lead = form.read(raw)
    id_ = delivery.hex() if delivery is not None else lead.id or _digest(raw, now)
    notice = {"test": True} if is_test else {}
    return Arrived(source, id_, "form", notice, raw, lead.form_id, lead.created_at or now)


def _is_allowed(settings: SourceSettings, address: str) -> bool:
    if (
        len(address) > _LONGEST_REDIRECT
        or any(one in address for one in _NOT_IN_ADDRESSES)
        or not address.isprintable()
    ):
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if parts.scheme not in ("https", "http") or "@" in parts.netloc:
        return False
    return host is not None and host in {one.lower() for one in settings.redirects}


def _signature(source: Source, secret: str, stamp: str) -> str:
    return hmac.digest(secret.encode(), f"form-token|{source.id}|{stamp}".encode(), "sha256").hex()


def _digest(raw: Mapping[str, Any], now: datetime) -> str:
    """The same fields on the same day are the same lead."""
    day = now.astimezone(UTC).date().isoformat()
    return hashlib.sha256(day.encode() + orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)).hexdigest()
