"""Templates: one set of compiled ones for each language, as texts are looked up while they are rendered."""

from collections.abc import Callable, Mapping
from functools import cache
from gettext import NullTranslations
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from panel.rendering import current
from panel.rendering.api_texts import api_texts
from panel.rendering.assets import asset_name
from panel.rendering.formats import FILTERS
from panel.rendering.languages import direction, languages, translations

ASSETS = "/panel/assets/"
_DIRECTED = frozenset(
    ("arrow-right", "chevron-right", "external-link", "log-in", "log-out", "reply", "send", "text-search", "undo-2")
)
"""Icons that point somewhere: to the other side where text runs from right to left."""


@cache
def environment(language: str) -> Environment:
    """The templates in a language that we have."""
    made = Environment(
        loader=PackageLoader("panel"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.loopcontrols"],
    )
    found: Any = translations(language)
    made.install_gettext_translations(found, newstyle=True)  # type: ignore[attr-defined] # of the extension
    made.globals |= {"gettext": _gettext(found), "ngettext": _ngettext(found)}
    made.globals |= {
        "asset": lambda name: ASSETS + asset_name(name),
        "icon": icon,
        "language": language,
        "languages": languages(),
        "direction": direction(language),
        "csrf_token": lambda: current.form_token.get(),
    }
    made.filters["from_api"] = api_texts(language)
    made.filters |= {name: _of_viewer(name) for name in FILTERS}
    return made


def _gettext(found: NullTranslations) -> Callable[..., Markup]:
    """As the extension's own, but what it gives is escaped: the text may be somebody's, which has no translation."""

    def gettext(text: str, **values: Any) -> Markup:
        return _filled(found.gettext(text) if text else "", values)

    return gettext


def _ngettext(found: NullTranslations) -> Callable[..., Markup]:
    def ngettext(one: str, several: str, num: int, **values: Any) -> Markup:
        return _filled(found.ngettext(one, several, num), {"num": num, **values})

    return ngettext


def _filled(text: str, values: Mapping[str, Any]) -> Markup:
    escaped = escape(text)
    return escaped % values if values else escaped.replace("%%", "%")


def _of_viewer(name: str) -> Callable[..., Any]:
    def filtered(*values: Any) -> Any:
        return getattr(current.formats.get(), name)(*values)

    return filtered


def icon(name: str, label: str = "") -> Markup:
    """One of ``icons.svg``; with a label if it stands alone."""
    turns = " turns" if name in _DIRECTED else ""
    named = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon{}" {}><use href="{}{}#{}"/></svg>').format(
        turns, named, ASSETS, asset_name("icons.svg"), name
    )
