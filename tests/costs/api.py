"""Requests to the API: JSON, templates, style sheets, numbers, times, files, and texts that are counted and cut."""

import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator

from domain.channels import Channel
from domain.keyring import Keyring
from domain.mail.links import LinkKind, LinkSigner
from domain.messages.outbound import Outbound
from domain.messages.schedule import parse_schedule_at
from domain.recipients import normalise_number
from domain.text.segments import count_segments, cut_segments
from domain.text.strict_json import loads
from domain.text.templates import MAX_MARKUP, compile_template
from gateways.config.template import json_filler, text_filler
from gateways.net.web_address import _checked as checked_address
from services.contacts.mail.css import CssInliner
from services.contacts.mail.extras import MailReader
from services.contacts.mail.models import MailFields
from services.contacts.models import MAX_SUBJECT
from tests.costs.measure import Cost

_CHILD = "process of its own"
_TEXT = 1600
"""Characters of an SMS that are looked at (``services/contacts/contents.py``)."""


def _one(
    reader: str, what: str, longest: int, limit: str, bound: float, run: Callable[[str], object], text: str, where: str
) -> Cost:
    def prepare(length: int) -> Callable[[], object]:
        given = text[:length] if len(text) >= longest else (text * (length // len(text) + 1))[:length]
        return lambda: run(given)

    return Cost(reader, what, longest, limit, bound, prepare, where)


def _json() -> Iterator[Cost]:
    for what, piece in (
        ("empty arrays", "[],"),
        ("numbers of many digits", "1" * 5000 + ","),
        ("escapes", '"\\u0041",'),
        ("a text", "a"),
        ("names", '{"a":0},'),
    ):

        def prepare(length: int, piece: str = piece) -> Callable[[], object]:
            body = piece * (length // len(piece))
            raw = f'["{body}"]' if piece == "a" else f"[{body.rstrip(',')}]"
            return lambda: loads(raw.encode())

        yield Cost("JSON of a request", what, 2**20, "1 MiB", 900, prepare, "see the limits of requests")
    deep = "[" * 1000 + "]" * 1000
    yield Cost("JSON of a request", "nested arrays", 2000, "32 levels", 10, lambda n: lambda: loads(deep[:n].encode()))


def _templates() -> Iterator[Cost]:
    limit = f"{MAX_MARKUP:,} characters of markup, 500 of each piece; work is counted"
    for piece in (
        "{{a}}",
        "{{ a | append: a }}",
        "{% if a %}{% endif %}",
        "{{",
        "{%",
        "{{ 'a",
        "{{ a" + " | upcase" * 50,
    ):
        rest = "}}" if piece.endswith("upcase") else ""

        def prepare(length: int, piece: str = piece + rest) -> Callable[[], object]:
            text = piece * (length // len(piece))
            return lambda: compile_template(text, html=True).render({"a": "b"})

        yield Cost("template", f"`{piece[:25]}` again and again", MAX_MARKUP, limit, 900, prepare, _CHILD)
    heavy = "{% for i in (1..1000) %}{{ a }}{% endfor %}"

    def loops(length: int) -> Callable[[], object]:
        template = compile_template(heavy, html=True)
        return lambda: template.render({"a": "b" * length})

    yield Cost("template", "loops over a long value", 500_000, limit, 900, loops, _CHILD)


def _styles() -> Iterator[Cost]:
    def prepare(length: int) -> Callable[[], object]:
        rules = "".join(f"p{{a{number}:1}}" for number in range(length))
        html = f"<style>{rules}</style>" + "<p>x</p>" * length
        return lambda: CssInliner().inline(html)

    limit = "4,000 tags, and a product of rules and tags"
    yield Cost("style sheet", "as many rules as paragraphs", 400, limit, 6000, prepare, _CHILD, growth=16.0)


def _texts() -> Iterator[Cost]:
    for text in ("a", "\u20ac", "\U0001f600", "\u0301", "a\u0416"):
        what = f"{text!r} again and again"
        yield _one("parts of an SMS", what, _TEXT, "1,600 characters", 5, count_segments, text, "loop")
        yield _one("parts of an SMS", what, _TEXT, "1,600 characters", 5, cut_segments, text, "loop")


def _numbers() -> Iterator[Cost]:
    for text in ("+9", "0", "(", "+1 415-", "\u0661", "9" * 10_000):
        what = f"`{text[:8]}` again and again"

        def national(given: str) -> str:
            return normalise_number(given, "TN")

        yield _one("phone number", what, 10_000, "40 characters are read", 5, national, text, "loop")
    yield _one("time", "digits", 100_000, "one form", 5, lambda t: parse_schedule_at(t, "UTC"), "2026-01-01T", "loop")


def _files() -> Iterator[Cost]:
    def prepare(length: int) -> Callable[[], object]:
        file = {"filename": "a", "content_type": "a/b", "content": b64encode(b"\xff" * length).decode()}
        given = MailFields.model_validate({"attachments": [file]})
        return lambda: MailReader(1, None, unsubscribe=False).read(given)

    yield Cost("files in base64", "one of them", 10 * 2**20, "10 MiB of files", 300, prepare, _CHILD)
    signer = LinkSigner(Keyring.generate())
    token = signer.token(LinkKind.CLICK, uuid.UUID(int=8), "https://e.com/" + "a" * 1900)

    def read(given: str) -> object:
        return signer.read(LinkKind.CLICK, given)

    yield _one("link of an email", "letters", 64_000, "64 KiB of headers", 10, read, token + "A" * 62_000, "loop")


def _configurations() -> Iterator[Cost]:
    limit = "60 characters of a name"
    message = Outbound(uuid.UUID(int=8), Channel.SMS, "+14155550123", "r", "x" * MAX_SUBJECT)
    for piece in ("{{", "{{ ", "{", "{{ a", "{{" + " " * 20, "{{ body }}", "{{body"):
        what = f"`{piece[:8]}` again and again"

        def text(given: str) -> object:
            return text_filler(given)(message)

        def tree(given: str) -> object:
            return json_filler([given, {"a": given}])(message)

        yield _one("placeholders of a gateway", what, 64_000, limit, 60, text, piece, "loop")
        yield _one("placeholders of a gateway", what, 64_000, limit, 120, tree, piece, "loop")
        yield _one("address of a gateway", what, 64_000, limit, 60, checked_address, f"https://e.com/{piece}", "loop")


COSTS = [
    *_json(),
    *_templates(),
    *_styles(),
    *_texts(),
    *_numbers(),
    *_files(),
    *_configurations(),
]
