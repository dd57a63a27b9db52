"""The OpenAPI document: bodies that routes read by themselves, the key schemes, the error envelope."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

_ERRORS = {
    "400": "not JSON",
    "401": "no key, or a wrong one",
    "402": "no credit",
    "403": "the key may not do this",
    "404": "unknown here",
    "409": "in conflict with what is there",
    "413": "too large",
    "422": "refused: `errors` names each place",
    "429": "too many requests",
    "503": "a part is down: try again after `Retry-After`",
}
_ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["success", "message", "errors"],
    "properties": {
        "success": {"const": False},
        "message": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {name: {"type": "string"} for name in ("pointer", "code", "message")},
            },
        },
    },
}
_REF = "#/components/schemas/{model}"
_documented: dict[str, type[BaseModel]] = {}


def documented_body(model: type[BaseModel], *, idempotent: bool = False) -> dict[str, Any]:
    """``openapi_extra`` of a route that reads ``model`` from its body itself."""
    _documented[model.__name__] = model
    schema = {"$ref": _REF.format(model=model.__name__)}
    extra: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
    if idempotent:
        header = {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            "description": "The same key and body get the same answer, and are sent once. Kept for a day.",
        }
        extra["parameters"] = [header]
    return extra


def install_openapi(app: FastAPI) -> None:
    """Serve the full document at ``/openapi.json``."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents it


def _build(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name, model in _documented.items():
        schema = model.model_json_schema(ref_template=_REF)
        schemas.update(schema.pop("$defs", {}))
        schemas[name] = schema
    schemas["Error"] = _ERROR_SCHEMA
    document["components"]["securitySchemes"] = {
        "ApiKey": {"type": "apiKey", "in": "header", "name": "Api-key"},
        "Bearer": {"type": "http", "scheme": "bearer"},
    }
    answer = {"content": {"application/json": {"schema": {"$ref": _REF.format(model="Error")}}}}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path == "/health":
                continue
            operation["security"] = [{"ApiKey": []}, {"Bearer": []}]
            for status, text in _ERRORS.items():
                operation["responses"][status] = {"description": text, **answer}
    return document
