"""What providers and people send us: posts, receipts, messages, answers to requests of ours, SMPP."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import orjson

from domain.callbacks import encode_data, payload
from domain.messages.receipts import Inbound, decode_events, encode_events
from domain.text.keywords import KeywordSet
from gateways.answers import clean, failure, retry_after
from gateways.email.brevo import _receipt as brevo_receipt
from gateways.net.http_answer import BODY_CAP, Answer
from gateways.sms.inbound import inbound
from gateways.sms.smpp.delivery import decode_text, read_part, read_receipt
from gateways.sms.smpp.pdu import PDU_CAP, Address, ShortMessage
from gateways.webhooks.events import digest, link, mailbox, objects_in, seconds, text
from gateways.webhooks.webhook import Post
from tests.costs.measure import THREAD, Cost

_POST = 8 * 2**20
_POST_LIMIT = "200,000 values, 5,000 events"
_CALLBACK = datetime(2026, 1, 1, tzinfo=UTC)


def _filled(piece: str, length: int) -> str:
    return (piece * (length // len(piece) + 1))[:length]


def _post(body: bytes) -> Post:
    return Post("POST", "https://send.example.com/x", {}, body, time.time())


def _posts() -> Iterator[Cost]:
    for what, piece in (("percent signs", "%41"), ("fields", "a=&"), ("a long field", "a"), ("plus signs", "+")):

        def form(length: int, piece: str = piece) -> Callable[[], object]:
            post = _post(_filled(piece, length).encode())
            return post.form

        yield Cost("form of a provider", what, 64 * 1024, "64 KiB, 1,000 fields", 30, form)
    for what, piece in (("empty arrays", "[],"), ("numbers", "1,"), ("objects", "{},"), ("a text", "a")):

        def read(length: int, piece: str = piece) -> Callable[[], object]:
            body = _filled(piece, length).rstrip(",")
            post = _post(f'["{body}"]'.encode() if piece == "a" else f"[{body}]".encode())
            return lambda: objects_in(post.json())

        yield Cost("JSON of a provider", what, _POST, _POST_LIMIT, 100, read)

    def just_let_in(length: int) -> Callable[[], object]:
        post = _post(b"[" + b"{}," * length + b"{}]")
        return lambda: objects_in(post.json())

    yield Cost(
        "JSON of a provider",
        "as many objects as are let in",
        90_000,
        _POST_LIMIT,
        100,
        just_let_in,
    )


def _fields() -> Iterator[Cost]:
    for what, value in (("spaces", "a "), ("letters", "a"), ("digits", "1"), ("controls", "\x01"), ("marks", "\u0301")):
        for reader in (text, link, digest, mailbox, clean, lambda value: seconds(value, 0.0)):

            def read(length: int, value: str = value, reader: Callable[[str], object] = reader) -> Callable[[], object]:
                given = _filled(value, length)
                return lambda: reader(given)

            yield Cost("field of a receipt", what, _POST, "6,000 characters are read", 60, read)
    for what, domain in (("labels beyond ASCII", "\u00fc" * 55 + ".com"), ("punycode", "xn--tda." * 20 + "com")):

        def events(length: int, domain: str = domain) -> Callable[[], object]:
            listed = [{"event": "delivered", "email": f"{n}@{domain}", "message-id": "x"} for n in range(length)]
            post = _post(orjson.dumps(listed))
            return lambda: [brevo_receipt(one, 0.0) for one in objects_in(post.json())]

        yield Cost("addresses in receipts", what, 5000, "5,000 events in a post", 2500, events, THREAD)


def _messages() -> Iterator[Cost]:
    limit = "10,000 characters are kept; 200 may be a keyword"
    for what, piece in (
        ("combining marks", "\u0301\u0316"),
        ("spaces", " "),
        ("letters", "a "),
        ("ligatures", "\ufdfa"),
    ):

        def kept(length: int, piece: str = piece) -> Callable[[], object]:
            body = _filled(piece, length)

            def run() -> object:
                message = inbound(key="k", at=0.0, sender="14155550123", recipient="1", body=body)
                (read,) = decode_events(encode_events([message]))
                assert isinstance(read, Inbound)
                told = payload("inbound.received", _CALLBACK, encode_data({"body": read.body}).decode())
                return KeywordSet().meaning(read.body), told

            return run

        def word(length: int, piece: str = piece) -> Callable[[], object]:
            body = _filled(piece, length)
            own = KeywordSet(stop=[_filled(piece, 40)] * 100)
            return lambda: own.meaning(body)

        yield Cost("message from a person", what, _POST // 2, limit, 60, kept)
        yield Cost("message from a person", f"{what}, as long as a keyword", 200, limit, 10, word)


def _answers() -> Iterator[Cost]:
    for what, body in (("letters", b"a "), ("braces", b"{"), ("arrays", b"[],"), ("bytes that are no text", b"\xff")):

        def read(length: int, body: bytes = body) -> Callable[[], object]:
            answer = Answer(500, {"retry-after": "1" * 60_000}, body * (length // len(body)))
            return lambda: (failure(answer), retry_after(answer))

        yield Cost("answer of a provider", what, BODY_CAP, "1 MiB, and 64 KiB of headers", 20, read)
    for stamp in ("1", "Mon, ", "1 ", "(", "\\"):

        def dated(length: int, stamp: str = stamp) -> Callable[[], object]:
            answer = Answer(503, {"retry-after": _filled(stamp, length) + "x"}, b"")
            return lambda: retry_after(answer)

        yield Cost("answer of a provider", "Retry-After", 64_000, "1 MiB, and 64 KiB of headers", 20, dated)


def _smpp() -> Iterator[Cost]:
    for what, octets in (
        ("letters", b"a"),
        ("escapes", b"\x1b"),
        ("ids", b"id:"),
        ("spaces", b"id: "),
        ("stat:", b"stat:"),
    ):

        def read(length: int, octets: bytes = octets) -> Callable[[], object]:
            source = Address(1, 1, "14155550123")
            tlvs = {0x0424: (octets * length)[: length - 100]}
            given = [ShortMessage(source, source, b"", coding, kind, tlvs=tlvs).encode() for coding, kind in _KINDS]

            def run() -> object:
                messages = [ShortMessage.decode(body) for body in given]
                parts = [read_part(message) for message in messages]
                texts = [decode_text(part.octets, part.data_coding) for part in parts]
                return texts, [read_receipt(message, "same", 0.0) for message in messages]

            return run

        yield Cost("delivery by SMPP", what, 65_000, f"{PDU_CAP:,} octets, 20,000 of a text", 50, read)

    def header(length: int) -> Callable[[], object]:
        message = ShortMessage(Address(1, 1, "1"), Address(1, 1, "2"), bytes([length]) + b"\x01\x00" * length, 0, 0x40)
        return lambda: read_part(message)

    yield Cost("delivery by SMPP", "a header of many elements", 250, f"{PDU_CAP:,} octets, 20,000 of a text", 5, header)


_KINDS = ((0, 0), (8, 0), (3, 0), (0, 4))
"""Codings and kinds of deliveries: three of texts, and a receipt."""


def _addresses() -> Iterator[Cost]:
    def query(length: int) -> Callable[[], object]:
        post = Post("GET", f"https://e.com/x?{_filled('a&', length)}", {}, b"", 0.0)
        return lambda: post.query

    def escaped(length: int) -> Callable[[], object]:
        post = Post("GET", f"https://e.com/x?a={quote(chr(233) * (length // 6))}", {}, b"", 0.0)
        return lambda: post.query

    yield Cost("query of an address", "fields", 64_000, "64 KiB, 1,000 fields", 20, query)
    yield Cost("query of an address", "percent signs", 64_000, "64 KiB, 1,000 fields", 20, escaped)


COSTS = [*_posts(), *_fields(), *_messages(), *_answers(), *_smpp(), *_addresses()]
