"""Reading templates: drafts from files, and versions as sends take them."""

from typing import Any

from pydantic import ValidationError

from domain.audience.named_template import NamedTemplate
from domain.errors import FieldError, InvalidError, invalid, pointer
from domain.text.strict_json import StrictJsonError, loads
from domain.validation.sentences import in_words
from services.audience.templates.checking import check_body, check_key
from services.audience.templates.models import TemplateBody, TemplateDraft
from services.audience.templates.preparing import prepare
from store.audience.templates import templates
from store.audience.templates.templates import Template
from store.pool import Connections


def read_draft(key: str, raw: bytes) -> TemplateDraft:
    """A draft from JSON, checked.

    Raises:
        InvalidError: it cannot be a template, or not of this key.
    """
    check_key(key)
    try:
        draft = TemplateDraft.model_validate(_json(raw))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise invalid([FieldError(pointer(*one["loc"]), one["type"], in_words(one)) for one in found]) from None
    if wrong := check_body(draft):
        raise wrong
    return draft


def read_variables(text: str) -> dict[str, Any]:
    """Variables from a JSON object.

    Raises:
        InvalidError: it is none.
    """
    value = _json(text.encode())
    if not isinstance(value, dict):
        raise InvalidError("object_type", "write the variables as a JSON object")
    return value


async def named_of(store: Connections, template: Template, number: int | None) -> dict[str, NamedTemplate]:
    """A version, or the draft, by channel, as sends take it.

    Raises:
        InvalidError: MJML of the draft cannot be compiled.
        NotFoundError: there is no such version.
    """
    if number is None:
        version_id, ready = 0, await prepare(TemplateBody.model_validate(template.draft))
    else:
        version_id, ready = await templates.ready(store, template, number)
    return {
        channel: NamedTemplate.of(template.key, number or 0, version_id, channel, ready)
        for channel in ("email", "sms", "whatsapp")
        if ready.get(channel)
    }


def _json(raw: bytes) -> Any:
    try:
        return loads(raw)
    except StrictJsonError as error:
        raise InvalidError("json_syntax", f"not JSON: {error}") from None
