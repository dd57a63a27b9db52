"""Texts with ``{{ name }}`` in them: Liquid, filled from the fields of one recipient.

A missing field is an error: no recipient gets "Hi ,". A template that would take long is refused, never
waited for.
"""

import re
from collections.abc import Mapping
from copy import copy

from liquid import BoundTemplate, escape
from liquid.exceptions import LiquidError, ResourceLimitError, UndefinedError

from domain.text.template_errors import InvalidTemplate, MissingField, TemplateTooHeavy
from domain.text.template_language import HTML, PLAIN, REFUSED, TAGS, Context, Gaps, text_with_gaps

MAX_MARKUP = 20_000
"""Characters within ``{{ }}`` and ``{% %}`` of one text; others cost almost nothing."""

_MAX_PIECE = 500
"""Characters of one ``{{ }}`` or ``{% %}``: the library reads each of them in quadratic time."""

MAX_ALL_WORK = 40_000_000
"""Work of all renderings of one template (see ``MAX_WORK``): some 10 s, what one request may take from the others."""

MAX_ALL_TEXT = 64 * 1024 * 1024
"""Characters of all renderings of one template: they are in memory together."""

_MAX_QUICK = 1_000
"""Characters of a value that is inserted without further checks."""

_OPENING = re.compile(r"\{[{%]")
_PIECE = re.compile(
    rf"\{{\{{ -?\s{{0,20}} [^\s}}] .{{0,{_MAX_PIECE}}}? \}}\}}"
    rf"| \{{% -?\s{{0,20}} (?:else|elsif|when|(?:end)?(\#|\w*)) .{{0,{_MAX_PIECE}}}? %\}}",
    re.DOTALL | re.VERBOSE,
)


class Template:
    """A text to be rendered for many recipients; ``compile_template`` makes it."""

    def __init__(
        self, text: str, bound: BoundTemplate | None = None, markup: int = 0, names: frozenset[str] | None = frozenset()
    ) -> None:
        self.names = names
        """The fields that it may read; ``None``: known only when it is rendered."""
        self._text = text
        self._bound = bound
        self._markup = markup
        self._gaps = text_with_gaps(bound) if bound else None
        self._all_work = 0
        self._all_text = 0

    @property
    def size(self) -> int:
        """What it takes in memory, about, in bytes."""
        return 500 + 2 * len(self._text) + 100 * self._markup

    @property
    def is_literal(self) -> bool:
        """Whether there is nothing to fill in."""
        return self._bound is None

    def apart(self) -> "Template":
        """The same, whose renderings are counted apart."""
        same = copy(self)
        same._all_work = same._all_text = 0
        return same

    def render(self, fields: Mapping[str, object], gaps: Gaps = REFUSED) -> str:
        """The text for a recipient with these fields; their values are what JSON can hold.

        Raises:
            MissingField: a field that is printed is not there, ``null`` or empty.
            InvalidTemplate: the template does not fit the fields.
            TemplateTooHeavy: this rendering, or all renderings so far together, take too much.
        """
        if self._bound is None:
            return self._text
        text = self._fill_gaps(fields)
        if text is None:
            text = self._run(self._bound, fields, gaps)
        else:
            self._all_work += self._markup
        self._all_text += len(text)
        if self._all_work > MAX_ALL_WORK or self._all_text > MAX_ALL_TEXT:
            raise TemplateTooHeavy("the template is too heavy for so many contacts: simplify it, or split the list")
        return text

    def _fill_gaps(self, fields: Mapping[str, object]) -> str | None:
        """The fast path for most templates and recipients: inserting short texts. ``None``: not possible."""
        if self._gaps is None or self._bound is None:
            return None
        pieces = []
        for piece, is_field in self._gaps:
            value = fields.get(piece) if is_field else piece
            if type(value) is not str or (is_field and (len(value) > _MAX_QUICK or not value or value.isspace())):
                return None
            pieces.append(escape(value) if is_field and self._bound.env.autoescape else value)
        return "".join(pieces)

    def _run(self, bound: BoundTemplate, fields: Mapping[str, object], gaps: Gaps) -> str:
        context = Context(bound, fields, self._markup, gaps)
        buffer = context.get_buffer()
        try:
            for node in bound.nodes:
                node.render(context, buffer)
        except TemplateTooHeavy:
            raise
        except UndefinedError as error:
            raise MissingField(str(error.message)) from None
        except ResourceLimitError as error:
            raise TemplateTooHeavy(f"the template is too heavy: {error.message}") from None
        except Exception as error:  # the library passes on Python errors, such as that of a sum of texts
            raise InvalidTemplate(f"the template does not fit: {_reason(error)}") from None
        finally:
            self._all_work += context.work
        return buffer.getvalue()


def compile_template(text: str, *, html: bool) -> Template:
    """Compile a text that may contain Liquid. ``html``: inserted values are escaped for HTML.

    Raises:
        InvalidTemplate: the text is not a template, or uses unsupported features.
    """
    if not _OPENING.search(text):
        return Template(text)
    markup = _measure_markup(text)
    language = HTML if html else PLAIN
    try:
        bound = language.from_string(text)
        found = bound.analyze(include_partials=False)
        unknown = sorted(set(found.filters) - set(language.filters))
    except LiquidError as error:
        raise InvalidTemplate(_reason(error)) from None
    if unknown:
        raise InvalidTemplate(f"there is no filter {unknown[0]!r}")
    roots = [use.segments[0] for uses in found.variables.values() for use in uses]
    names = frozenset(root for root in roots if isinstance(root, str))
    return Template(text, bound, markup, names if len(names) == len(set(map(str, roots))) else None)


def _measure_markup(text: str) -> int:
    """The characters of markup in a text; refuses what the library cannot handle, and unsupported tags."""
    markup = 0
    opening = _OPENING.search(text)
    while opening:
        piece = _PIECE.match(text, opening.start())
        if piece is None:
            line = text.count("\n", 0, opening.start()) + 1
            close = "}}" if opening[0] == "{{" else "%}"
            raise InvalidTemplate(
                f"line {line}: {opening[0]!r} is empty, or {close!r} does not follow within {_MAX_PIECE} characters"
            )
        if piece[1] is not None and piece[1] not in TAGS:
            raise InvalidTemplate(f"there is no tag {piece[1]!r}")
        markup += len(piece[0])
        if markup > MAX_MARKUP:
            raise InvalidTemplate(f"more than {MAX_MARKUP} characters of markup")
        opening = _OPENING.search(text, piece.end())
    return markup


def _reason(error: Exception) -> str:
    place = error.context() if isinstance(error, LiquidError) else None
    message = error.message if isinstance(error, LiquidError) else error
    return f"line {place[0]}: {message}" if place else str(message)
