"""The JSON schema of a settings file, for editors and checks."""

from typing import Any

from services.settings_file.document import API_VERSION
from services.settings_file.kinds.all import KINDS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def file_schema() -> dict[str, Any]:
    """The schema. Each kind's definitions carry its name, as several have some of the same name."""
    definitions: dict[str, Any] = {}
    sections: dict[str, Any] = {}
    for kind in KINDS:
        schema = _renamed(kind.schema(), kind.section)
        definitions |= schema.pop("$defs", {})
        sections[kind.section] = schema if kind.is_single else {"type": "object", "additionalProperties": schema}
    return {
        "$schema": _DIALECT,
        "title": "xsender settings file",
        "type": "object",
        "required": ["apiVersion"],
        "additionalProperties": False,
        "properties": {"apiVersion": {"const": API_VERSION}, **sections},
        "$defs": definitions,
    }


def _renamed(schema: Any, section: str) -> Any:
    """With the definitions of all places in one, under names of its own."""
    definitions: dict[str, Any] = {}
    schema = _without_definitions(schema, section, definitions)
    return {**schema, "$defs": definitions}


def _without_definitions(value: Any, section: str, definitions: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_without_definitions(one, section, definitions) for one in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for name, inner in value.items():
        if name == "$defs":
            for its_name, definition in inner.items():
                definitions[f"{section}.{its_name}"] = _without_definitions(definition, section, definitions)
        elif name == "$ref" and isinstance(inner, str):
            result[name] = inner.replace("#/$defs/", f"#/$defs/{section}.")
        else:
            result[name] = _without_definitions(inner, section, definitions)
    return result
