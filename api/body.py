"""Reading a request body: bounded, strict JSON, validated by a model, every error with its pointer."""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.errors import ApiError, FieldError, invalid
from domain.strict_json import loads

MAX_BODY = 1024 * 1024
"""Bytes of a request body."""

_Model = TypeVar("_Model", bound=BaseModel)


def declared_length(request: Request) -> int | None:
    """The length that the request declares for its body, in bytes; ``None``: it declares none."""
    declared = request.headers.get("content-length", "")
    return int(declared[:19]) if declared.isascii() and declared.isdigit() else None


async def read_body(request: Request, most: int = MAX_BODY) -> bytes:
    """The raw body.

    Raises:
        ApiError: 413 beyond ``most`` bytes.
    """
    if (declared_length(request) or 0) > most:
        raise _too_large(most)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_large(most)
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


def _too_large(most: int) -> ApiError:
    return ApiError(413, "too_large", f"the body is larger than {most} bytes: send fewer contacts per request")
