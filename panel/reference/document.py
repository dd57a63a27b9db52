"""The OpenAPI document as pages show it: operations by subject, and the objects that they take and answer."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

_REF = "#/components/schemas/"
_CODE = re.compile(r"`([a-z0-9_]+)`")
_CODES = "Codes:"
_MOST_CHOICES = 12
_DEEPEST = 3
_EXAMPLES = {
    "date": "2027-01-31",
    "date-time": "2027-01-31T09:00:00Z",
    "email": "ada@example.com",
    "uuid": "01a2299e-c5ab-7b21-bd72-d04ef4a3e40f",
    "uri": "https://example.com",
}
_NAMED = {"number": "+14155550123", "email": "ada@example.com", "phone": "+14155550123", "url": "https://example.com"}
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of an object."""

    name: str
    type: str
    """As ``string[]``, with names of objects."""
    objects: tuple[str, ...]
    """Those that the type names."""
    required: bool
    description: str
    place: str = ""
    """Of a parameter: ``path``, ``query``, ``header``."""

    @property
    def pieces(self) -> list[str]:
        """Its type, cut before and after each name of an object."""
        return re.split(rf"\b({'|'.join(self.objects)})\b", self.type) if self.objects else [self.type]


@dataclass(frozen=True, slots=True)
class Object:
    """What requests send, or answers have."""

    name: str
    description: str
    fields: list[Field]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path."""

    id: str
    tag: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Field]
    body: Field | None
    answer: Field | None
    """What its ``data`` has."""
    errors: list[tuple[str, str]]
    """Statuses and codes, without those of every request."""
    example: str | None
    """A body with what it needs."""

    def fits(self, text: str) -> bool:
        """Whether it has this in its path, its name or its summary."""
        return all(word in f"{self.method} {self.path} {self.id} {self.summary}".casefold() for word in text.split())


@dataclass(frozen=True, slots=True)
class Document:
    """All of it."""

    operations: list[Operation]
    objects: dict[str, Object]
    meanings: dict[str, str]
    """Of statuses of errors."""
    tags: dict[str, list[Operation]] = field(default_factory=dict)

    def objects_of(self, operations: list[Operation]) -> list[Object]:
        """Those that operations name, and those that these name, by name."""
        parts = (part for one in operations for part in (*one.parameters, one.body, one.answer))
        named = {name for part in parts if part for name in part.objects}
        waiting = sorted(named)
        while waiting:
            inner = {name for part in self.objects[waiting.pop()].fields for name in part.objects} - named
            named |= inner
            waiting += inner
        return [self.objects[name] for name in sorted(named)]


@lru_cache(maxsize=1)
def read(raw: bytes) -> Document:
    """What ``/openapi.json`` answers."""
    told = orjson.loads(raw)
    schemas = told["components"]["schemas"]
    objects = {name: _object(name, schema) for name, schema in schemas.items() if name != "Error"}
    document = Document(list(_operations(told["paths"], schemas)), objects, _meanings(told["paths"]))
    for one in document.operations:
        document.tags.setdefault(one.tag, []).append(one)
    return document


def _operations(paths: Schema, schemas: Schema) -> Iterator[Operation]:
    for path, methods in paths.items():
        for method, told in methods.items():
            body = _content(told.get("requestBody", {}))
            answered = _content(told["responses"].get("200", told["responses"].get("202", {})))
            yield Operation(
                id=told["operationId"],
                tag=told.get("tags", ["other"])[0],
                method=method.upper(),
                path=path,
                summary=told.get("summary", ""),
                description=told.get("description", ""),
                parameters=[_parameter(one) for one in told.get("parameters", ())],
                body=_field("", body, required=True) if body else None,
                answer=_data(answered, schemas) if answered else None,
                errors=[
                    error for status, answer in sorted(told["responses"].items()) for error in _errors(status, answer)
                ],
                example=_example_of(body, schemas) if body else None,
            )


def _content(told: Schema) -> Schema | None:
    schema: Schema | None = told.get("content", {}).get("application/json", {}).get("schema")
    return schema


def _data(answered: Schema, schemas: Schema) -> Field | None:
    """What is in ``data``: around it stands the same in every answer."""
    whole = _resolved(answered, schemas)
    properties = whole.get("properties", {})
    inner = properties.get("data")
    return _field("", inner, required=True) if inner else _field("", answered, required=True)


def _parameter(told: Schema) -> Field:
    schema = told["schema"]
    type_, objects = _type(schema)
    text = told.get("description") or schema.get("description", "")
    return Field(told["name"], type_, objects, told.get("required", False), text, told["in"])


def _object(name: str, schema: Schema) -> Object:
    required = schema.get("required", ())
    parts = [_field(key, part, required=key in required) for key, part in schema.get("properties", {}).items()]
    if not parts:  # one of several, or a single value
        parts = [_field("", schema, required=True)]
    return Object(name, schema.get("description", ""), parts)


def _field(name: str, schema: Schema, *, required: bool) -> Field:
    type_, objects = _type(schema)
    return Field(name, type_, objects, required, schema.get("description", "") if name else "")


def _type(schema: Schema) -> tuple[str, tuple[str, ...]]:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return name, (name,)
    if "const" in schema:
        return json.dumps(schema["const"]), ()
    if "enum" in schema:
        shown = [json.dumps(one) for one in schema["enum"][:_MOST_CHOICES]]
        return " | ".join(shown + ["…"] * (len(schema["enum"]) > _MOST_CHOICES)), ()
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _either([_type(one) for one in schema[several]])
    kind = schema.get("type", "any")
    if kind == "array":
        inner, objects = _type(schema.get("items", {}))
        return (f"({inner})[]" if " | " in inner else f"{inner}[]"), objects
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        inner, objects = _type(schema["additionalProperties"])
        return f"{{[name]: {inner}}}", objects
    return (" | ".join(kind) if isinstance(kind, list) else kind) + _bounds(schema), ()


def _either(types: list[tuple[str, tuple[str, ...]]]) -> tuple[str, tuple[str, ...]]:
    texts = dict.fromkeys(text for text, _ in types)
    return " | ".join(texts), tuple(dict.fromkeys(name for _, names in types for name in names))


def _bounds(schema: Schema) -> str:
    if "format" in schema:
        return f" ({schema['format']})"
    for least, most in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
        if most in schema:
            return f" ({schema.get(least, 0):g}…{schema[most]:g})"
        if least in schema:
            return f" (≥ {schema[least]:g})"
    return ""


def _resolved(schema: Schema, schemas: Schema) -> Schema:
    while "$ref" in schema:
        schema = schemas[schema["$ref"].removeprefix(_REF)]
    return schema


def _example_of(schema: Schema, schemas: Schema) -> str:
    return json.dumps(_example("", schema, schemas, 0), ensure_ascii=False)


def _example(name: str, schema: Schema, schemas: Schema, depth: int) -> Any:
    schema = _resolved(schema, schemas)
    if given := schema.get("examples"):
        return given[0]
    for key in ("example", "const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _example(name, schema[several][0], schemas, depth)
    kind = schema.get("type", "object")
    if kind == "object":
        needed = schema.get("required", ()) if depth < _DEEPEST else ()
        return {key: _example(key, schema["properties"][key], schemas, depth + 1) for key in needed}
    if kind == "array":
        return [_example(name, schema.get("items", {}), schemas, depth + 1)] if depth < _DEEPEST else []
    if kind == "string":
        return _EXAMPLES.get(schema.get("format", "")) or _NAMED.get(name, "…")
    return {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": True}.get(str(kind))


def _errors(status: str, answer: Schema) -> list[tuple[str, str]]:
    """Those that the description of an answer names."""
    codes = answer["description"].partition(_CODES)[2]
    return [(status, code) for code in _CODE.findall(codes)] if status >= "400" else []


def _meanings(paths: Schema) -> dict[str, str]:
    """They are the same at each operation."""
    found: dict[str, str] = {}
    for methods in paths.values():
        for told in methods.values():
            for status, answer in told["responses"].items():
                if status >= "400":
                    found.setdefault(status, answer["description"].partition(_CODES)[0].strip().rstrip("."))
    return dict(sorted(found.items()))
