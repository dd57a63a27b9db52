"""The languages of the panel: English in the templates themselves, others in ``languages/*.po``."""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.core import negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent.parent / "languages"
ENGLISH = "en"


@cache
def languages() -> dict[str, str]:
    """Their codes, and what they call themselves."""
    codes = [ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.po"))]
    return {code: (Locale.parse(code).get_display_name() or code).capitalize() for code in codes}


@cache
def catalog(language: str) -> Catalog:
    """All texts of a language that is not English, with their contexts."""
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def translations(language: str) -> NullTranslations:
    """The texts of a language that we have."""
    if language == ENGLISH:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalog(language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def chosen_language(chosen: str | None, accepted: str) -> str:
    """The one that somebody chose, else the first of ours that the browser accepts.

    ``accepted``: the header ``Accept-Language``.
    """
    if chosen in languages():
        return str(chosen)
    wanted = [part.partition(";")[0].strip() for part in accepted.split(",")]
    return negotiate_locale([tag.replace("-", "_") for tag in wanted if tag], list(languages())) or ENGLISH


def direction(language: str) -> str:
    """Which way its text runs: ``ltr`` or ``rtl``."""
    return Locale.parse(language).text_direction
