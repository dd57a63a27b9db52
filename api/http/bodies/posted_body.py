"""Bodies that other systems post, in their own forms: JSON, or a form of the web."""

from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request

from api.http.body import parse_small
from domain.automations.mapping import unfold
from domain.errors import InvalidError

FORM = "application/x-www-form-urlencoded"
_MOST_VALUES = 5_000


def is_form(request: Request) -> bool:
    """Whether the body of a request is a form."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower() == FORM


def parse_posted(request: Request, raw: bytes) -> dict[str, Any]:
    """The object that a body holds, which is JSON or a form.

    Raises:
        StrictJsonError: not JSON, or JSON that is refused.
        ApiError: 413 too many values.
        InvalidError: ``webhook_body``, no object, or a form that cannot be read.
    """
    if is_form(request):
        try:
            return unfold(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=1_001))
        except (UnicodeDecodeError, ValueError):
            raise InvalidError("webhook_body", "this is no form in UTF-8, or it has too many fields") from None
    return parse_object(raw)


def parse_object(raw: bytes, most: int = _MOST_VALUES) -> dict[str, Any]:
    """The object of a JSON body of at most so many values. Raises as ``parse_posted``."""
    found = parse_small(raw, most)
    if not isinstance(found, dict):
        raise InvalidError("webhook_body", "send a JSON object, or a form")
    return found
