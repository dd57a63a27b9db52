"""A language that is none: English with accents and longer words, from right to left.

What stays as it was is not translated; what breaks would break in Arabic. It goes by the code of Arabic, so that dates
and plurals are those of a real language; only tests have it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from panel.rendering import api_texts, environment, languages
from tests.panel.catalog import texts

CODE = "ar"
_ACCENTED = str.maketrans("acdeghijklnorstuwyzACDEGHIJKLNORSTUWYZ", "áçđéĝĥíĵķļñóřşţúŵýžÁÇĐÉĜĤÍĴĶĻÑÓŘŞŢÚŴÝŽ")
_KEPT = re.compile(r"(%\(\w+\)s|%%|`[^`]*`)")
_CACHES = (
    languages.languages,
    languages.catalog,
    languages.translations,
    api_texts.api_texts,
    environment.environment,
)


def pseudo(text: str) -> str:
    """About 40 % longer: vowels are doubled."""
    parts = _KEPT.split(text)
    return "".join(part if number % 2 else _longer(part) for number, part in enumerate(parts))


def _longer(text: str) -> str:
    return re.sub("([aeiouAEIOU])", lambda vowel: vowel[0] + vowel[0].lower(), text).translate(_ACCENTED)


def write(folder: Path) -> None:
    """The file of the language, of all texts that there are now."""
    catalog = Catalog(locale=CODE, fuzzy=False)
    for message in texts():
        if not message.id:
            continue
        if isinstance(message.id, str):
            catalog.add(message.id, pseudo(message.id), context=message.context)
        else:
            one, *several = (pseudo(form) for form in message.id)
            catalog.add(message.id, [one, *several * (catalog.num_plurals - 1)])
    with (folder / f"{CODE}.po").open("wb") as file:
        write_po(file, catalog)


@contextmanager
def spoken(folder: Path) -> Iterator[None]:
    """The panel of this process speaks it besides English, until the end."""
    write(folder)
    before, languages.FOLDER = languages.FOLDER, folder
    try:
        _forget()
        yield
    finally:
        languages.FOLDER = before
        _forget()


def _forget() -> None:
    for cache in _CACHES:
        cache.cache_clear()
