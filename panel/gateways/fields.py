"""Forms made of a type's JSON schema, and the configuration made of what was entered."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from panel.gateways.words import field_name
from panel.http.forms import Form
from panel.rendering.api_texts import Words

PREFIX = "config."
_LATER = frozenset(
    (
        "allow_private_network",
        "timeout",
        "connections",
        "helo",
        "validate_certs",
        "receipts",
        "status_callback",
        "configuration_set",
        "topic_arn",
        "api_version",
        "keep_alive",
        "window",
        "receipt_ids",
        "source_ton",
        "source_npi",
        "system_type",
        "success_path",
        "success_values",
        "error_path",
        "error_values",
        "success_statuses",
        "id_path",
        "dedupes",
        "message_stream",
        "priority",
        "valid_hours",
        "give_back_after",
        "session_token",
        "dkim_selector",
        "dkim_private_key",
        "dkim_domain",
    )
)
"""Fields that most people leave as they are."""
_OF_WEBHOOKS = ("webhook_", "signing_", "signature_", "hmac_", "app_secret", "verify_")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form."""

    name: str
    kind: str
    """``text``, ``secret``, ``number``, ``choice``, ``flag``, ``maybe`` (yes, no or neither), ``lines``, ``pairs``
    (``name: value``, one a line) or ``json``.
    """
    label: str
    hint: str
    is_required: bool
    is_secret: bool
    is_later: bool
    """Whether it stands under "More settings"."""
    default: Any
    choices: Sequence[str] = ()

    @property
    def key(self) -> str:
        """Its name in the form."""
        return PREFIX + self.name

    @property
    def pointer(self) -> str:
        """Its place in the API's body."""
        return f"/config/{self.name}"

    @property
    def is_long(self) -> bool:
        """Whether it takes several lines."""
        return self.kind in ("lines", "pairs", "json") or self.name.endswith("private_key")


def fields_of(schema: Mapping[str, Any], *, with_private: bool, words: Words = str) -> list[Field]:
    """The fields of a type, those first that must be filled in.

    ``with_private``: also the one that lets a gateway reach private networks.
    ``words``: descriptions in another language.
    """
    required = schema.get("required", ())
    fields = [
        _field(name, described, name in required, words)
        for name, described in schema.get("properties", {}).items()
        if with_private or name != "allow_private_network"
    ]
    return sorted(fields, key=lambda field: not field.is_required)


def shown_values(fields: Sequence[Field], config: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a form shows of a stored configuration: of secrets nothing."""
    stored = config or {}
    return {field.key: _as_text(field, stored.get(field.name, field.default)) for field in fields}


def entered(fields: Sequence[Field], form: Form, stored: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What was entered and differs from ``stored``, as a JSON Merge Patch: secrets that were left empty stay."""
    before = stored or {}
    changed: dict[str, Any] = {}
    for field in fields:
        value = _value(field, form)
        if value == before.get(field.name, field.default) or (field.is_secret and value is None):
            continue
        if value is None and field.name not in before:
            continue
        changed[field.name] = value
    return changed


def _field(name: str, described: Mapping[str, Any], is_required: bool, words: Words) -> Field:
    one = _first_kind(described)
    is_secret = described.get("writeOnly", False)
    is_later = not is_required and (name in _LATER or name.startswith(_OF_WEBHOOKS) or name == "base_url")
    nullable = any(each.get("type") == "null" for each in described.get("anyOf", ()))
    hint = words(described.get("description", "")).replace("`None`:", "Left empty:").replace("`", "")
    choices = one.get("enum", ())
    kind = "choice" if choices else _KINDS.get(one.get("type", ""), "json")
    if kind == "flag" and nullable:
        kind = "maybe"
    if kind == "text" and is_secret:
        kind = "secret"
    return Field(
        name, kind, field_name(name), hint, is_required, is_secret, is_later, described.get("default"), choices
    )


def _first_kind(described: Mapping[str, Any]) -> Mapping[str, Any]:
    several = described.get("anyOf")
    return next((one for one in several if one.get("type") != "null"), several[0]) if several else described


_KINDS = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "flag",
    "array": "lines",
    "object": "pairs",
}


def _as_text(field: Field, value: Any) -> Any:
    if field.is_secret or value is None:
        return ""
    if field.kind == "lines":
        return "\n".join(map(_line, value))
    if field.kind == "json":
        return json.dumps(value, indent=2, ensure_ascii=False)
    if field.kind == "maybe":
        return "yes" if value else "no"
    if field.kind == "number":
        return f"{value:g}"
    return value


def _line(item: Any) -> str:
    """What ``_parsed`` makes of it again."""
    return item if isinstance(item, str) and _parsed(item) is item else json.dumps(item)


def _value(field: Field, form: Form) -> Any:
    if field.kind == "flag":
        return form.flag(field.key)
    text = form.raw(field.key) if field.is_secret else form.text(field.key)
    if field.kind == "lines":
        return [_parsed(line.strip()) for line in text.splitlines() if line.strip()] or field.default
    if not text.strip():
        return "" if field.default == "" else None
    if field.kind == "maybe":
        return text == "yes"
    if field.kind in ("number", "json"):
        return _parsed(text)
    if field.kind == "pairs":
        pairs = (line.partition(":") for line in text.splitlines() if line.strip())
        return {name.strip(): value.strip() for name, _, value in pairs}
    return text


def _parsed(text: str) -> Any:
    """As JSON, if it is; else the text itself, of which the API says what is wrong."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
