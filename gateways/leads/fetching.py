"""What comes of asking a provider for leads: what it gave, or why it did not and what to do about that."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import httpx
import orjson

from gateways.answers import lenient_json
from gateways.net.http import HttpClient, NotConnected, UnfitHeader, call
from gateways.net.http_answer import BODY_CAP, Answer
from gateways.net.http_connection import Lost

SECONDS = 20.0
"""For each whole answer, once there is a connection."""

_EXACT = 2**53
"""Beyond it, whoever reads JSON numbers as floating-point ones gets another id."""
_YEAR_10000 = 253_402_300_800
_MOST_DEPTH = 32
"""Objects and arrays within each other: forms have about ten."""

Act = Literal["temporary", "rate", "access", "missing", "blocked"]
"""What to do: try again soon; wait until calls are allowed again; have the source's owner mend its access; take this
one for gone, if the source can read others; wait for hours and tell its owner."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One object, as the provider gave it: ids are texts, no text holds NUL."""

    body: dict[str, Any]
    warnings: tuple[str, ...] = ()
    """What its owner should know, although it went well: a version of the API that ends."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list."""

    items: tuple[dict[str, Any], ...]
    cursor: str | None
    """Where the next page begins; ``None``: there is none."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """What a provider says of a token."""

    is_valid: bool
    scopes: tuple[str, ...]
    expires_at: datetime | None
    """``None``: never, or it is not said."""
    data_access_expires_at: datetime | None = None
    """Meta: when it stops giving people's data, unless the person consents again."""
    app_id: str | None = None
    user_id: str | None = None
    page_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was given. ``message`` is for the source's owner and holds no secret and nobody's data."""

    act: Act
    code: str
    message: str
    after: float | None = None
    """Seconds until the provider wants to be asked again, if it says so."""


async def ask(
    http: HttpClient, provider: str, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
) -> Answer | Refused:
    """Ask a provider, by its name. Never raises for what its server does."""
    try:
        prepared = call(method, url, dict(headers), SECONDS)
    except (UnfitHeader, UnicodeEncodeError):
        return Refused("access", "token_unfit", "the token holds characters that no token has: enter it again")
    except httpx.InvalidURL:
        return Refused("access", "address_unfit", f"the address of {provider}'s API is not a URL")
    try:
        return await http.request(prepared, body)
    except NotConnected as error:
        if error.is_blocked:
            return Refused("access", "address_private", f"the address of {provider}'s API is not a public one")
        return Refused("temporary", "no_connection", f"{provider} cannot be reached")
    except TimeoutError:
        return Refused("temporary", "no_answer", f"{provider} did not answer within {SECONDS:g} seconds")
    except Lost:
        return Refused("temporary", "no_answer", f"{provider}'s answer broke off")


def object_in(answer: Answer) -> dict[str, Any] | None:
    """The JSON object of an answer, with ids as texts and without NUL; ``None`` if it has none that can be read.

    An answer that was cut for its size has none.
    """
    if len(answer.body) >= BODY_CAP:
        return None
    try:
        found = _tidy(lenient_json(answer.body))
    except (orjson.JSONDecodeError, _TooDeep):
        return None
    return found if isinstance(found, dict) else None


def unreadable(provider: str, answer: Answer) -> Refused:
    """For an answer without a JSON object, which is none of the API itself: of a proxy, or of a server in trouble."""
    if answer.status == 429:
        return Refused("rate", "http_429", f"{provider} takes no more requests for now")
    if len(answer.body) >= BODY_CAP:
        return Refused("temporary", "answer_large", f"{provider} answered with more than {BODY_CAP} bytes")
    return Refused("temporary", f"http_{answer.status}", f"{provider} answered {answer.status} without an object")


def objects(value: object) -> tuple[dict[str, Any], ...]:
    """The objects of a list; what else stands in it is left out."""
    return tuple(one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def moment(value: object) -> datetime | None:
    """A time in Unix seconds; 0 is for "never"."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _YEAR_10000:
        return None
    return datetime.fromtimestamp(value, UTC)


class _TooDeep(Exception):
    pass


def _tidy(value: Any, key: str = "", depth: int = 0) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        is_id = key == "id" or key.endswith(("_id", "Id"))
        return str(value) if is_id or abs(value) > _EXACT else value
    if depth > _MOST_DEPTH:
        raise _TooDeep
    if isinstance(value, dict):
        return {name.replace("\0", ""): _tidy(item, name, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_tidy(item, key, depth + 1) for item in value]
    return value
