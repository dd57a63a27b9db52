"""What the OpenAPI document says of addresses that leads are posted to."""

from typing import Any

from api.reference.openapi import PUBLIC, errors_of
from api.webhooks.documented import REFUSED_ANSWER

_ANSWER = {"application/json": {"schema": {"type": "object"}}}
_POST_ERRORS = (400, 401, 403, 404, 408, 413, 414, 422, 429, 431, 503)


def posted(what: str) -> dict[str, Any]:
    """``responses`` and ``openapi_extra`` of a route that takes posts of a provider."""
    body = {"description": what, "required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    return {
        "response_model": None,
        "responses": {200: {"description": "All that was posted is stored.", "content": _ANSWER}}
        | errors_of(*_POST_ERRORS),
        "openapi_extra": PUBLIC | {"requestBody": body},
    }


def checked(what: str) -> dict[str, Any]:
    """The same of a route by which a provider checks an address; ``what`` it is answered."""
    content: dict[str, Any] = {kind: {"schema": {}} for kind in ("text/plain", "application/json")}
    responses: dict[int | str, dict[str, Any]] = {
        200: {"description": what, "content": content},
        400: {"description": "There is no challenge; or not HTTP.", "content": REFUSED_ANSWER},
        403: {"description": "The verify token is another one.", "content": REFUSED_ANSWER},
    }
    return {
        "response_model": None,
        "responses": responses | errors_of(404, 409, 414, 431, 503),
        "openapi_extra": PUBLIC,
    }
