"""Reading a request body: bounded, strict JSON, validated by a model, every error with its pointer."""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.errors import ApiError, FieldError, invalid
from domain.strict_json import loads

MAX_BODY = 1024 * 1024
"""Bytes of a request body."""

_Model = TypeVar("_Model", bound=BaseModel)


async def read_body(request: Request) -> bytes:
    """The raw body.

    Raises:
        ApiError: 413 beyond ``MAX_BODY``.
    """
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:19]) > MAX_BODY:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise _too_large()
    return bytes(body)


def parse_body(raw: bytes, model: type[_Model]) -> _Model:
    """Validate a JSON body against a model.

    Raises:
        StrictJsonError: not JSON, or JSON that is refused.
        ApiError: 422 with a pointer for each place that does not fit.
    """
    return validate(loads(raw), model)


def validate(value: Any, model: type[_Model]) -> _Model:
    """Validate a parsed JSON value against a model (see ``parse_body``)."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise invalid([_field_error(pointer(*e["loc"]), e["type"], e["msg"]) for e in found]) from None


def pointer(*path: str | int) -> str:
    """A JSON pointer (RFC 6901) to a place in the body."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _field_error(place: str, code: str, message: str) -> FieldError:
    if code == "model_type":  # pydantic names the model's class here, which says nothing to a caller
        return FieldError(place, "object_type", "must be a JSON object")
    return FieldError(place, code, message)


def _too_large() -> ApiError:
    return ApiError(413, "too_large", f"the body is larger than {MAX_BODY} bytes: send fewer contacts per request")
