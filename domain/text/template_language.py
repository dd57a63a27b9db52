"""A subset of Liquid for messages, with limits on everything that can grow.

Templates are written by tenants and rendered in a process that serves others too. The library limits nesting, but
not sequences, nor the cost of filters, ranges and long values; here each of them is charged as work.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TextIO

from liquid import BoundTemplate, Environment, RenderContext, Token
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.filters import array, string
from liquid.builtin.output import Output, OutputNode
from liquid.exceptions import UndefinedError
from liquid.expression import Expression
from liquid.filter import with_environment
from liquid.output import LimitedStringIO
from liquid.stringify import to_liquid_string
from liquid.token import TOKEN_CONTENT, TOKEN_ILLEGAL
from liquid.undefined import UNDEFINED, FalsyStrictUndefined, Undefined, is_undefined
from liquid.utils import ReadOnlyChainMap

from domain.text.template_errors import TemplateTooHeavy

MAX_TEXT = 500_000
"""Bytes of a rendered text."""

MAX_WORK = 200_000
"""Work of one rendering. A unit is a character of markup or 64 characters of a value: some 0.2 µs."""

MAX_RANGE = 1_000
"""Numbers in a range such as ``(1..n)``."""

_MAX_BITS = 512
"""Of a whole number. Multiplying a number by itself doubles its length, and long ones are slow to print."""

TAGS = frozenset({"assign", "break", "capture", "case", "comment", "continue", "cycle", "for", "if", "unless", "#"})
"""No tag that reads other templates, and none that duplicates another one."""

_FILTERS = frozenset(
    {
        *("abs", "at_least", "at_most", "ceil", "divided_by", "floor", "minus", "modulo", "plus", "round", "times"),
        *("append", "capitalize", "default", "downcase", "escape", "lstrip", "newline_to_br", "prepend", "remove"),
        *("remove_first", "remove_last", "replace", "replace_first", "replace_last", "rstrip", "size", "slice"),
        *("split", "squish", "strip", "strip_newlines", "truncate", "truncatewords", "upcase", "url_encode"),
        *("compact", "concat", "find", "first", "join", "last", "map", "reverse", "sort", "sort_natural", "sum"),
        "where",
    }
)
"""``safe`` would print unescaped; ``date`` reads the clock and pads to any width; ``uniq`` takes quadratic time."""


_OF_TEXTS = frozenset(
    {
        *("append", "capitalize", "downcase", "escape", "lstrip", "newline_to_br", "prepend", "remove", "remove_first"),
        *("remove_last", "replace", "replace_first", "replace_last", "rstrip", "squish", "strip", "strip_newlines"),
        *("truncate", "truncatewords", "upcase", "url_encode", "join"),
    }
)
"""Filters that convert their input to text."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """What is done about fields that are missing, ``null`` or empty."""

    values: Mapping[str, str] = field(default_factory=dict)
    """What is printed instead, by the field's name as in the template, such as ``order.city``."""
    are_empty: bool = False
    """Whether the others print nothing; else they are an error."""


REFUSED = Gaps()
"""Every missing field is an error."""


class Context(RenderContext):
    """The context of one rendering, and the work done so far."""

    __slots__ = ("_markup", "gaps", "work")

    def __init__(
        self, template: BoundTemplate, fields: Mapping[str, object], markup: int, gaps: Gaps = REFUSED
    ) -> None:
        """``markup``: characters of markup in the template, the work of processing it once."""
        super().__init__(template, globals=fields)
        self.gaps = gaps
        # Without the clock, which the library provides like a field of the recipient.
        self.scope = ReadOnlyChainMap(self.locals, fields)
        self._markup = markup
        self.work = markup

    def spend(self, work: int) -> None:
        """Charge some work.

        Raises:
            TemplateTooHeavy: it is too much by now.
        """
        self.work += work
        if self.work > MAX_WORK:
            raise TemplateTooHeavy("the template is too heavy: use shorter loops and values")

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        """The value at a path; if missing, an undefined that can be tested and given a default, but not printed."""
        value = super().get(path, token=token, default=None)
        if self.gaps.values and (value is None or (isinstance(value, str) and not value.strip())):
            value = self.gaps.values.get(".".join(map(str, path)), value)
        if value is None:
            missing = Undefined if self.gaps.are_empty else FalsyStrictUndefined
            return missing(str(path[0]), token=token, hint=".".join(map(str, path)))
        self.spend(_size(value))
        return value

    def get_buffer(self, buf: TextIO | None = None) -> LimitedStringIO:
        """The output buffer. Line ends stay as they are; the library's own buffers would change them."""
        written = buf.size if isinstance(buf, LimitedStringIO) else 0
        return LimitedStringIO(MAX_TEXT - written, newline="")

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Charge a loop before it starts."""
        super().raise_for_loop_limit(length)
        self.spend(length * self._markup)

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        """The filter of that name, charged for what it makes."""
        return partial(self._apply, name, super().filter(name, token))

    def _apply(self, name: str, function: Callable[..., object], *values: object, **options: object) -> object:
        if name != "default":
            for value in (*values, *options.values()):
                if is_undefined(value):
                    str(value)  # raises; some filters would treat it as a zero or an empty text
        if name in _OF_TEXTS:
            values = tuple(map(_in_text, values))
        result = function(*values, **options)
        self.spend(_size(result))
        return result


def _size(value: object) -> int:
    """The work of processing a value once."""
    if isinstance(value, str):
        return 1 + len(value) // 64
    if isinstance(value, dict):
        return 1 + 2 * len(value) + sum(map(_size, value.values()))
    if isinstance(value, list | tuple):
        return 1 + 2 * len(value) + sum(map(_size, value))
    if isinstance(value, range):
        return 1 + len(value)
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        raise TemplateTooHeavy("the template is too heavy: it makes a huge number")
    return 1


def _in_text(value: object) -> object:
    """A value as printed in a text: objects as JSON, not in Python's notation."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    if isinstance(value, list):
        return [
            _in_text(item) if isinstance(item, dict | list | bool) else "" if item is None else item for item in value
        ]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


class _Print(OutputNode):
    """``{{ … }}``, which must print something: an empty field is treated as missing."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        text = to_liquid_string(_in_text(self.expression.evaluate(context)), context.autoescape)
        if (not text or text.isspace()) and self._prints_a_field(context):
            raise UndefinedError(str(self.expression).partition(" |")[0], token=self.token)
        return buffer.write(text)

    def _prints_a_field(self, context: RenderContext) -> bool:
        """Whether a field is printed that must not be empty."""
        if isinstance(context, Context) and context.gaps.are_empty:
            return False
        expression = self.expression
        if not isinstance(expression, FilteredExpression) or not isinstance(expression.left, Path):
            return False
        has_default = any(used.name == "default" for used in expression.filters or ())
        return not has_default and expression.left.head() not in context.locals


class _PrintTag(Output):
    node_class = _Print


def text_with_gaps(template: BoundTemplate) -> list[tuple[str, bool]] | None:
    """The pieces of a template that only prints fields: texts, and names of fields (true).

    ``None``: it does more.
    """
    pieces: list[tuple[str, bool]] = []
    for node in template.nodes:
        if isinstance(node, ContentNode):
            pieces.append((node.text, False))
        elif isinstance(node, _Print) and (name := _printed_field(node.expression)) is not None:
            pieces.append((name, True))
        else:
            return None
    return pieces


def _printed_field(expression: Expression) -> str | None:
    if not isinstance(expression, FilteredExpression) or expression.filters or not isinstance(expression.left, Path):
        return None
    name, *more = expression.left.path
    return name if isinstance(name, str) and not more else None


def _short_range(literal: RangeLiteral, context: RenderContext) -> range:
    numbers = literal._make_range(literal.start.evaluate(context), literal.stop.evaluate(context))
    if numbers.stop - numbers.start > MAX_RANGE:
        raise TemplateTooHeavy(f"the template is too heavy: a range has at most {MAX_RANGE} numbers")
    return numbers


# Ranges may be used wherever a list may, and are iterated there without any limit; the library has no hook to
# set one. Nothing else here uses it.
RangeLiteral.evaluate = _short_range  # type: ignore[method-assign, assignment]


def _replace(value: object, old: object, new: object = "") -> str:
    text = "" if value is None else str(value)
    _refuse_growth(len(text) + text.count(str(old)) * len(str(new)))
    replaced: str = string.replace(value, old, new)
    return replaced


@with_environment
def _join(values: object, separator: object = " ", **library: Environment) -> str:
    if isinstance(values, Iterable) and not isinstance(values, str | dict):
        items = list(values)
        _refuse_growth(sum(len(str(item)) for item in items) + len(items) * len(str(separator)))
    joined: str = array.join(values, separator, **library)
    return joined


def _refuse_growth(length: int) -> None:
    """Refuse a text that would be too long, before it is built."""
    if length > MAX_TEXT:
        raise TemplateTooHeavy("the template is too heavy: it makes a huge text")


class _Language(Environment):
    block_nesting_limit = 20
    context_depth_limit = 30
    loop_iteration_limit = 10_000
    local_namespace_limit = 100_000
    output_stream_limit = MAX_TEXT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Keep only the tags and filters that we support."""
        super().setup_tags_and_filters(extra=extra)
        inner = (TOKEN_CONTENT, TOKEN_ILLEGAL)  # required by the library's parser
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS or name in inner}
        self.add_tag(_PrintTag)
        self.filters = {name: function for name, function in self.filters.items() if name in _FILTERS}
        self.add_filter("replace", _replace)
        self.add_filter("join", _join)


PLAIN = _Language()
"""For texts that are printed as they are."""

HTML = _Language(autoescape=True)
"""For HTML: what is filled in is escaped."""
