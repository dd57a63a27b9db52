"""Reading a request body: bounded, strict JSON, validated by a model, every error with its pointer."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.http.bodies.body_memory import HeldBody
from api.http.bodies.upload import Upload
from api.http.errors import ApiError
from api.http.request_cost import count_values
from domain.errors import FieldError, invalid, pointer
from domain.text.strict_json import loads
from domain.validation.sentences import in_words

MAX_BODY = 1024 * 1024
"""Bytes of a body that does not count as a large one."""

SMALL_BODY = 64 * 1024
"""Bytes of the body of any request but a send or a webhook."""

MAX_SMALL_VALUES = 1_000
"""Values in such a body: it takes a few milliseconds to find all of them wrong."""

_Model = TypeVar("_Model", bound=BaseModel)
_Loc = tuple[int | str, ...]


def declared_length(request: Request) -> int | None:
    """The length that the request declares for its body, in bytes; ``None``: it declares none."""
    declared = request.headers.get("content-length", "")
    return int(declared[:19]) if declared.isascii() and declared.isdigit() else None


async def read_body(request: Request, most: int = SMALL_BODY, held: HeldBody | None = None) -> bytes:
    """The raw body. ``held`` counts its memory while it is read.

    Raises:
        ApiError: 413 beyond ``most`` bytes; 408 it comes too slowly (``api.http.bodies.upload``); what ``held`` raises.
    """
    if (declared_length(request) or 0) > most:
        raise too_large(most)
    upload = Upload(request, held)
    if not await upload.read(most):
        raise too_large(most)
    raw = upload.whole()
    if len(raw) <= SMALL_BODY:
        request.state.body = raw  # a change that needs approval keeps it (api.resources.approving)
    return raw


def parse_body(raw: bytes, model: type[_Model]) -> _Model:
    """Validate a small JSON body against a model.

    Raises:
        StrictJsonError: not JSON, or JSON that is refused.
        ApiError: 413 more values than any such body needs; 422 with a pointer for each place that does not fit.
    """
    return validate(parse_small(raw), model)


def parse_small(raw: bytes, most: int = MAX_SMALL_VALUES) -> Any:
    """Parse a JSON body that holds few values, as all bodies do but those of send requests.

    Raises:
        StrictJsonError: not JSON, or JSON that is refused.
        ApiError: 413 too many values.
    """
    if count_values(raw) > most:
        raise ApiError(413, "too_many_values", f"the body holds more than {most} values")
    return loads(raw)


def validate(value: Any, model: type[_Model]) -> _Model:
    """Validate a parsed JSON value against a model (see ``parse_body``)."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise invalid(field_errors(error)) from None


def field_errors(error: ValidationError, place: Callable[[_Loc], _Loc] = tuple) -> list[FieldError]:
    """The errors of a validation, with pointers. ``place`` maps a location in the validated value to the body."""
    found = error.errors(include_url=False, include_input=False)
    return [_field_error(pointer(*place(_of_key(e["loc"]))), e["type"], in_words(e)) for e in found]


def _of_key(loc: _Loc) -> _Loc:
    """Where a wrong key of an object stands: pydantic adds a word."""
    return loc[:-1] if loc[-1:] == ("[key]",) else loc


def _field_error(place: str, code: str, message: str) -> FieldError:
    if code == "model_type":  # pydantic names the model's class here, which is meaningless to a caller
        return FieldError(place, "object_type", "must be a JSON object")
    return FieldError(place, code, message)


def too_large(most: int, advice: str = "no request of this kind needs as much") -> ApiError:
    """413 for a body of more than ``most`` bytes."""
    return ApiError(413, "too_large", f"the body is larger than {most} bytes: {advice}")
