"""The texts of a named template, compiled: once for each version and language in a process."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.audience.named_template import NamedTemplate
from domain.text.templates import Template, compile_template
from services.contacts.models import AnyContact, AnySend
from services.contacts.shared_fields import SharedFields, SharedText, shared_by

_KEPT_BYTES = 32 * 1024 * 1024
"""Of compiled templates that are remembered."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The texts of one language."""

    texts: Mapping[str, Template]
    provider: Any
    """A template of the provider: JSON in which strings are ``Template``."""
    size: int


_kept: OrderedDict[tuple[int, str, str], _Compiled] = OrderedDict()


class NamedTexts:
    """The texts of a template for the contacts of one request."""

    def __init__(self, named: NamedTemplate, send: AnySend, shared: SharedFields) -> None:
        self._named = named
        self._default = send.language
        self._shared = shared
        self._by_language: dict[str, SharedFields] = {}

    def names_of(self) -> frozenset[str] | None:
        """The fields of contacts that its texts may look at; ``None``: any."""
        names = {"language"}
        for shared in self._by_language.values():
            of_language = shared.template_names()
            if of_language is None:
                return None
            names |= of_language
        return frozenset(names)

    def of(self, contact: AnyContact) -> SharedFields:
        """The request-wide fields, with the texts in a contact's language."""
        wanted = (contact.__pydantic_extra__ or {}).get("language")
        language = self._named.choose(wanted if wanted and isinstance(wanted, str) else self._default)
        found = self._by_language.get(language)
        if found is None:
            found = self._by_language[language] = self._filled(language)
        return found

    def _filled(self, language: str) -> SharedFields:
        compiled = _compiled(self._named, language)
        named = self._named

        def share(template: Template, name: str = "template") -> SharedText:
            return SharedText(name, template.apart(), named.gaps, named.key, named.skips)

        def text(name: str) -> SharedText | None:
            template = compiled.texts.get(name)
            return share(template, name) if template else None

        main = text("html") or text("message") or text("text")
        return replace(
            self._shared,
            text=main,
            alternative=text("text") if main and main.field == "html" else None,
            subject=text("subject"),
            provider=None if compiled.provider is None else shared_by(compiled.provider, share),
            is_text_only=named.channel == "email" and main is not None and main.field == "text",
        )


def _compiled(named: NamedTemplate, language: str) -> _Compiled:
    key = (named.version_id, named.channel, language)
    found = _kept.get(key) if named.version_id else None
    if found is None:
        found = _compile(named.texts[language], is_html=named.channel == "email")
        if named.version_id and found.size < _KEPT_BYTES:
            _kept[key] = found
            while sum(one.size for one in _kept.values()) > _KEPT_BYTES:
                _kept.popitem(last=False)
    else:
        _kept.move_to_end(key)
    return found


def _compile(texts: Mapping[str, Any], *, is_html: bool) -> _Compiled:
    made: list[Template] = []

    def compiled(text: str, *, html: bool = False) -> Template:
        made.append(compile_template(text, html=html))
        return made[-1]

    def within(value: Any) -> Any:
        if isinstance(value, str):
            return compiled(value)
        if isinstance(value, dict):
            return {key: within(inner) for key, inner in value.items()}
        return [within(inner) for inner in value] if isinstance(value, list) else value

    filled = {
        name: compiled(text, html=is_html and name == "html") for name, text in texts.items() if name != "template"
    }
    provider = texts.get("template")
    if provider is not None:
        provider = dict(provider) | {"components": within(provider.get("components", []))}
    return _Compiled(filled, provider, sum(one.size for one in made))


def variables_of(named: NamedTemplate, language: str) -> frozenset[str]:
    """The variables that the texts of a language surely read."""
    compiled = _compiled(named, language)
    return frozenset().union(*(text.names or frozenset() for text in compiled.texts.values()))
