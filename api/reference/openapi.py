"""The OpenAPI document: bodies that routes read by themselves, the key schemes, the errors and their envelope."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import ASGIApp

from api.reference.error_codes import codes_of, listed
from api.reference.operation_errors import codes_of_every_request, codes_of_operation
from api.requests.middleware import RequestNotes
from api.requests.traced import traced

_ERRORS = {
    400: "not JSON, or not HTTP",
    401: "no key, or a wrong one",
    402: "no credit",
    403: "the key may not do this",
    404: "unknown here",
    408: "the body arrived too slowly",
    409: "conflicts with the current state",
    412: "it has changed since it was read",
    413: "too large",
    414: "the address is too long",
    422: "refused: `errors` names each place",
    429: "too many requests: try again after `Retry-After`",
    431: "too many or too long headers",
    503: "a part is down: try again after `Retry-After`",
}
_ALWAYS = (400, 401, 403, 404, 408, 414, 422, 429, 431, 503)
_CODES_TOLD = (
    "For programs. Each operation has its own, by status; all others are of every request."
    f"{listed(codes_of_every_request())} With status 422:{codes_of(422)}"
)
_ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["success", "message", "errors"],
    "additionalProperties": False,
    "properties": {
        "success": {"const": False},
        "message": {"type": "string"},
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "additionalProperties": False,
                "properties": {
                    "pointer": {"type": "string", "description": "Where in the body (RFC 6901), or in the query."},
                    "code": {"type": "string", "description": _CODES_TOLD},
                    "message": {"type": "string", "description": "What to do, for people."},
                },
            },
        },
    },
}
_REF = "#/components/schemas/{model}"
ERROR_ANSWER: dict[str, Any] = {"application/json": {"schema": {"$ref": _REF.format(model="Error")}}}
"""``content`` of an answer in the form of all errors."""

PUBLIC: dict[str, Any] = {"security": []}
"""``openapi_extra`` of a route that needs no key."""

IDEMPOTENCY_HEADER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    "description": "The same key and body get the same answer, and are sent once. Kept for a day.",
}

_documented: dict[str, type[BaseModel]] = {}


def documented_body(model: type[BaseModel], *, idempotent: bool = False, required: bool = True) -> dict[str, Any]:
    """``openapi_extra`` of a route that reads ``model`` from its body itself."""
    _documented[model.__name__] = model
    schema = {"$ref": _REF.format(model=model.__name__)}
    extra: dict[str, Any] = {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}
    return extra | {"parameters": [IDEMPOTENCY_HEADER]} if idempotent else extra


def answers(model: type[BaseModel], *errors: int) -> dict[int | str, dict[str, Any]]:
    """``responses`` of a route: its success, and errors besides those of all routes."""
    return {200: {"model": model}, **errors_of(*errors)}


def errors_of(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same without its success, for answers that are no JSON."""
    return {status: _error(status) for status in statuses}


class DocumentedApp(FastAPI):
    """An application whose OpenAPI document is complete, and whose requests have ids."""

    def build_middleware_stack(self) -> ASGIApp:
        """Around all else, so that answers to errors of ours have their id, too."""
        return traced(RequestNotes(super().build_middleware_stack()))

    def openapi(self) -> dict[str, Any]:
        """Build the document. It is not kept: half a second each time."""
        return _build(self)


def operation_id(route: APIRoute) -> str:
    """The operation's name for generated clients, such as ``sendSms``: that of its function, so those are unique."""
    first, *others = route.name.split("_")
    return first + "".join(map(str.capitalize, others))


def _build(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        webhooks=app.webhooks.routes,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name, model in _documented.items():
        schema = model.model_json_schema(ref_template=_REF)
        schemas.update(schema.pop("$defs", {}))
        schemas[name] = schema
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Error"] = _ERROR_SCHEMA
    components["securitySchemes"] = {
        "ApiKey": {"type": "apiKey", "in": "header", "name": "Api-key"},
        "Bearer": {"type": "http", "scheme": "bearer"},
        "Device": {"type": "http", "scheme": "bearer", "description": "The session token of a phone."},
    }
    for operations in (*document["paths"].values(), *document["webhooks"].values()):
        for operation in operations.values():
            _complete(operation)
    return document


_FILES: dict[str, Any] = {kind: {"schema": {"type": "string"}} for kind in ("text/csv", "application/x-ndjson")}
"""What lists answer besides JSON."""


def _complete(operation: dict[str, Any]) -> None:
    """Add the parts that all operations with a key share, and the codes of errors."""
    if operation.get("security") == []:
        if "HTTPValidationError" in str(operation["responses"].get("422")):  # FastAPI adds it by itself
            del operation["responses"]["422"]
        _add_codes(operation)
        return
    if any(parameter.get("name") == "format" for parameter in operation.get("parameters", ())):
        operation["responses"]["200"]["content"] |= _FILES
    operation.setdefault("security", [{"ApiKey": []}, {"Bearer": []}])
    statuses = (*_ALWAYS, 413) if "requestBody" in operation else _ALWAYS
    operation["responses"].update({str(status): _error(status) for status in statuses})
    _add_codes(operation)


def _error(status: int) -> dict[str, Any]:
    return {"description": f"{_ERRORS[status]}.", "content": ERROR_ANSWER}


def _add_codes(operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        if answer.get("content") == ERROR_ANSWER:
            codes = codes_of_operation(operation["operationId"], int(status))
            operation["responses"][status] = answer | {"description": answer["description"] + listed(codes)}
