"""Brings ``panel/languages/*.po`` in step with the texts of the panel: ``python -m tests.panel.catalog``.

What is new comes without a translation, which a test then reports; what is gone is removed.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from panel.rendering.api_texts import CONTEXT
from tests.panel import api_texts

PANEL = Path(__file__).parent.parent.parent / "panel"
LANGUAGES = PANEL / "languages"
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "translate": None}
_METHODS = (("python", "*.py", {}), ("jinja2.ext:babel_extract", "*.html", {"trimmed": "true", "silent": "false"}))


def texts() -> Catalog:
    """All that is to be translated."""
    catalog = Catalog(fuzzy=False)
    for method, pattern, options in _METHODS:
        for path in sorted(PANEL.rglob(pattern)):
            with path.open("rb") as file:
                found = extract(method, file, _KEYWORDS, ("translators:",), options)
                for _, message, comments, _context in found:
                    catalog.add(message, auto_comments=comments)
    for text in sorted(api_texts.texts()):
        catalog.add(text, context=CONTEXT)
    return catalog


def stored(path: Path) -> Catalog:
    """A language as it is kept."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def updated(path: Path) -> bytes:
    """The file of a language in step with ``texts``."""
    catalog = stored(path)
    catalog.update(texts(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    written = BytesIO()
    write_po(written, catalog, width=0, omit_header=False, no_location=True, sort_output=True)
    lines = written.getvalue().split(b"\n")
    dated = (b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Generated-By', b'"Last-Translator', b'"Report-Msgid')
    return b"\n".join(line for line in lines if not line.startswith(dated))


if __name__ == "__main__":
    for each in sorted(LANGUAGES.glob("*.po")):
        each.write_bytes(updated(each))
