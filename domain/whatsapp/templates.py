"""Templates as Meta keeps them, and whether a message fits one (developers.facebook.com/docs/whatsapp)."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

APPROVED = "APPROVED"
OUTSIDE_WINDOW = "outside_window"
"""Code of messages that WhatsApp took for too late: the person has not written for 24 hours."""
_PLACE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_MEDIA = frozenset({"image", "video", "document", "location"})
_TAKES_PARAMETER = frozenset({"COPY_CODE", "OTP"})
"""Kinds of buttons that take one, beside addresses with a place."""


@dataclass(frozen=True, slots=True)
class ProviderTemplate:
    """A template in one language."""

    name: str
    language: str
    provider_id: str
    category: str
    """In lower case: marketing, utility, authentication."""
    status: str
    """As Meta writes it: APPROVED, PENDING, REJECTED, PAUSED, DISABLED …"""
    components: list[Any] = field(default_factory=list)
    quality: str | None = None
    rejected_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a message does not fit its template, and where."""

    path: tuple[str | int, ...]
    code: str
    message: str


def template_of(raw: Any) -> ProviderTemplate | None:
    """A template from Meta's answer; ``None``: it is none."""
    match raw:
        case {"id": str(id_), "name": str(name), "language": str(language), "status": str(status)}:
            quality = raw.get("quality_score")
            components = raw.get("components")
            reason = raw.get("rejected_reason")
            return ProviderTemplate(
                name[:512],
                language[:20],
                id_,
                str(raw.get("category", "")).lower(),
                status,
                components if isinstance(components, list) else [],
                str(quality["score"]) if isinstance(quality, dict) and quality.get("score") else None,
                reason if isinstance(reason, str) and reason != "NONE" else None,
            )
    return None


def unfit(sent: Mapping[str, Any], known: Sequence[ProviderTemplate], to_us: bool) -> Unfit | None:
    """What is wrong with a template of a message; ``None``: nothing that is known.

    ``known``: those of its name, in all languages. ``to_us``: whether it goes to a number of the USA, where Meta
    delivers no marketing templates since 2025-04-01.
    """
    name, language = str(sent.get("name")), _language(sent.get("language"))
    if not known:
        return Unfit(("name",), "provider_template_unknown", f"Meta has no template {name!r} of this business")
    found = _chosen(known, language, falls_back=sent.get("language_fallback") is True)
    if found is None:
        languages = ", ".join(sorted(one.language for one in known))
        message = f"the template {name!r} is there in {languages}, not in {language}"
        return Unfit(("language",), "provider_template_language", message)
    if found.status != APPROVED:
        why = f": {found.rejected_reason}" if found.rejected_reason else ""
        message = f"Meta does not send the template {name!r} now: it is {found.status.lower()}{why}"
        return Unfit(("name",), "provider_template_not_approved", message)
    if to_us and found.category == "marketing":
        message = "Meta delivers no marketing templates to numbers of the USA"
        return Unfit(("name",), "marketing_not_delivered", message)
    return _unfit_parameters(sent.get("components") or [], found)


def _chosen(known: Sequence[ProviderTemplate], language: str, *, falls_back: bool) -> ProviderTemplate | None:
    of_language = {one.language: one for one in known}
    approved = {one.language for one in known if one.status == APPROVED}
    return of_language.get((base_language(language, approved) if falls_back else None) or language)


def base_language(language: str, approved: Collection[str]) -> str | None:
    """The base of a language that is not approved, if that is: ``pt`` for ``pt_BR``; ``None``: use it as it is."""
    base = language.replace("-", "_").split("_")[0]
    return base if language not in approved and base in approved else None


def in_base_language(sent: dict[str, Any], approved: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """A template of a message, in the base language if it asks for that; ``approved``: languages by name."""
    if sent.get("language_fallback") is not True:
        return sent
    base = base_language(_language(sent.get("language")), approved.get(str(sent.get("name")), ()))
    return sent if base is None else sent | {"language": base}


def _language(given: Any) -> str:
    return str(given.get("code")) if isinstance(given, dict) else str(given)


def _unfit_parameters(sent: Sequence[Any], template: ProviderTemplate) -> Unfit | None:
    wanted = [one for one in template.components if isinstance(one, dict)]
    kinds = {str(one.get("type", "")).lower(): one for one in wanted}
    for kind in ("header", "body"):
        if problem := _unfit_text(kind, sent, kinds.get(kind, {})):
            return problem
    buttons = kinds.get("buttons", {}).get("buttons")
    for number, button in enumerate(buttons if isinstance(buttons, list) else []):
        if _takes_parameter(button) and not _given_button(sent, number):
            message = f"the template's button {number} needs a parameter: the rest of its address, or its code"
            return Unfit(("components",), "provider_template_parameters", message)
    return None


def _unfit_text(kind: str, sent: Sequence[Any], wanted: Mapping[str, Any]) -> Unfit | None:
    place, given = _given(kind, sent)
    path: tuple[str | int, ...] = ("components",) if place is None else ("components", place)
    media = str(wanted.get("format", "")).lower() if kind == "header" else ""
    if media in _MEDIA:
        if [one.get("type") for one in given] != [media]:
            message = f"the template's header is a {media}: give one parameter of this type"
            return Unfit(path, "provider_template_parameters", message)
        return None
    text = wanted.get("text")
    count = len(dict.fromkeys(_PLACE.findall(text))) if isinstance(text, str) else 0
    if len(given) != count:
        message = f"the template's {kind} takes {count} parameters, and {len(given)} were given"
        return Unfit(path, "provider_template_parameters", message)
    return None


def _given(kind: str, sent: Sequence[Any]) -> tuple[int | None, list[dict[str, Any]]]:
    for place, component in enumerate(sent):
        if isinstance(component, dict) and str(component.get("type", "")).lower() == kind:
            parameters = component.get("parameters")
            return place, [one for one in parameters if isinstance(one, dict)] if isinstance(parameters, list) else []
    return None, []


def _takes_parameter(button: Any) -> bool:
    if not isinstance(button, dict):
        return False
    kind, url = str(button.get("type", "")).upper(), button.get("url")
    return kind in _TAKES_PARAMETER or (kind == "URL" and isinstance(url, str) and _PLACE.search(url) is not None)


def _given_button(sent: Sequence[Any], number: int) -> bool:
    return any(
        isinstance(one, dict)
        and str(one.get("type", "")).lower() == "button"
        and str(one.get("index")) == str(number)
        and one.get("parameters")
        for one in sent
    )
