"""Checks of query strings, and the type of parameters that reach the database."""

import re
from collections.abc import Collection
from typing import Annotated
from urllib.parse import unquote_to_bytes

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

from domain.errors import FieldError, invalid, pointer
from domain.text.json_faults import UNSTORABLE

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")


def check_query(raw: bytes, may_repeat: Collection[str] = ()) -> None:
    """Refuse an ambiguous query string.

    ``may_repeat``: parameters whose values add up; of others only the last value would be used.

    Raises:
        ApiError: 422, a parameter is not UTF-8, or is given twice.
    """
    names: set[str] = set()
    errors: list[FieldError] = []
    for part in filter(None, raw.split(b"&")):
        key, _, value = part.partition(b"=")
        name = _decoded(key)
        if name is None or _decoded(value) is None:
            message = "not UTF-8: write letters beyond ASCII as the percent-encoded bytes of their UTF-8 form"
            errors.append(FieldError(pointer(name) if name else "", "query_encoding", message))
        elif name in names and name not in may_repeat:
            errors.append(FieldError(pointer(name), "query_repeated", f"the parameter {name!r} is given twice"))
        names.add(name or "")
    if errors:
        raise invalid(errors)


def _decoded(part: bytes) -> str | None:
    """A name or value as text; ``None``: it is none."""
    try:
        return unquote_to_bytes(part.replace(b"+", b" ")).decode() if part.isascii() else None
    except UnicodeDecodeError:
        return None


def _storable(text: str) -> str:
    if UNSTORABLE.search(text):
        raise PydanticCustomError("query_text", "text must not hold NUL or half a surrogate pair")
    return text


def _no_number(value: object) -> object:
    if not isinstance(value, str) or not _DATE.match(value):
        raise PydanticCustomError("moment", "write a time as in 2026-11-28T09:30:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_no_number)]
"""A time with its offset (RFC 3339); pydantic alone would also take seconds since 1970."""

QueryText = Annotated[str, AfterValidator(_storable)]
"""For each parameter that is compared or stored as given: the same rules as for text in JSON."""
