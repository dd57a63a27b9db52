"""Emails: from the HTML of a request to the mail that leaves."""

import uuid
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from domain.channels import Channel
from domain.mail.tracking import take_apart
from domain.messages.outbound import Attachment, Outbound
from domain.recipients import normalise_email
from gateways.email.dkim import DkimSigner
from gateways.email.html_text import html_to_text
from gateways.email.mail_message import write_letter
from gateways.email.mailbox import parse_mailbox
from tests.costs.measure import THREAD, Cost

_HTML = 500_000
_HTML_LIMIT = "500,000 characters (`message`, `body`)"
_PIECES = ("<a ", "<!--", "<p>", '<a href="http://b">', "<a href=x>", "<a a ", '<a href="', "<style></style>", "< ")
_MORE_PIECES = ("</a>", "<a =", "<b>", "&#9", "<title>x</title>", "<!-->", "{{ unsubscribe_url }}", "<a", "{{")
_LONG_NUMBER = "&#" + "9" * 5000 + ";"
_TEXTS = ("a", "\u00e9", "\U0001f600", "=", " ", "\n", ".\n", "\u0301", "\r")
_KEY = ed25519.Ed25519PrivateKey.generate().private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
_SIGNER = DkimSigner("example.org", "mail", _KEY.decode())


def _filled(piece: str, length: int) -> str:
    return (piece * (length // len(piece) + 1))[:length]


def _letter(**fields: object) -> Callable[[], bytes]:
    given: dict[str, object] = {"channel": Channel.EMAIL, "to": "ann@example.com", "subject": "Hi"} | fields
    message = Outbound(uuid.UUID(int=8), reference="r", **given)  # type: ignore[arg-type]
    return lambda: _SIGNER.sign(write_letter(message, "shop@example.org", None).content)


def _tracked(html: str) -> Callable[[], str]:
    def run() -> str:
        take_apart.cache_clear()
        linked = take_apart(html, is_html=True, unsubscribe=True, opens=True, clicks=True)
        return linked.fill(lambda kind, url: f"https://send.example.com/{kind}/{url}")

    return run


def _html() -> Iterator[Cost]:
    for piece in (*_PIECES, *_MORE_PIECES, _LONG_NUMBER):
        shown = piece if len(piece) < 30 else f"{piece[:9]}…"

        def text(length: int, piece: str = piece) -> Callable[[], str]:
            html = _filled(piece, length)
            return lambda: html_to_text(html)

        def links(length: int, piece: str = piece) -> Callable[[], str]:
            return _tracked(_filled(piece, length))

        yield Cost("text of HTML", f"`{shown}` again and again", _HTML, _HTML_LIMIT, 250, text, THREAD)
        yield Cost("links in HTML", f"`{shown}` again and again", _HTML, _HTML_LIMIT, 250, links, THREAD)


def _mails() -> Iterator[Cost]:
    for text in _TEXTS:

        def both(length: int, text: str = text) -> Callable[[], bytes]:
            return _letter(body=_filled(text, length), html=_filled(text, length))

        yield Cost("writing and signing a mail", f"{text!r} in text and HTML", _HTML, _HTML_LIMIT, 150, both, THREAD)

    def attached(length: int) -> Callable[[], bytes]:
        return _letter(body="x", attachments=(Attachment("a.bin", "a/b", b" \0" * (length // 2)),))

    yield Cost("writing and signing a mail", "a file", 10 * 2**20, "10 MiB of files", 500, attached, THREAD)


def _headers() -> Iterator[Cost]:
    for text in ("\U0001f600", "\u00e9 ", "=?utf-8?q?a?= ", "a ", "\t", "\u0301"):

        def subject(length: int, text: str = text) -> Callable[[], bytes]:
            return _letter(body="x", subject=_filled(text, length))

        def own(length: int, text: str = text) -> Callable[[], bytes]:
            return _letter(body="x", headers=tuple((f"X-{n}", _filled(text, length // 20)) for n in range(20)))

        def name(length: int, text: str = text) -> Callable[[], bytes]:
            return _letter(body="x", sender=_filled(text, length))

        def files(length: int, text: str = text) -> Callable[[], bytes]:
            named = tuple(Attachment(_filled(text, length // 10).strip() or "a", "a/b", b"") for _ in range(10))
            return _letter(body="x", attachments=named)

        yield Cost("header of a mail", f"subject of {text!r}", 998, "998 characters", 10, subject)
        yield Cost("header of a mail", f"headers of {text!r}", 18_000, "20 of 900 characters", 20, own)
        yield Cost("header of a mail", f"sender of {text!r}", 200, "200 characters", 10, name)
        yield Cost("header of a mail", f"names of files of {text!r}", 2000, "10 of 200 characters", 20, files)


def _addresses() -> Iterator[Cost]:
    limit = "254 bytes; of more than 1,000 characters nothing is read"
    for what, address in (
        ("labels of `\u00fc`", "a@" + ".".join(["\u00fc" * 10] * 6) + ".com"),
        ("one label of `\u00fc`", "a@" + "\u00fc" * 50 + ".com"),
        ("punycode", "a@" + ".".join(["xn--tda"] * 30) + ".com"),
        ("combining marks", "a" + "\u0301\u0316" * 31 + "@example.com"),
        ("Arabic", "a@" + "\u0627" * 30 + ".com"),
        ("dots", "a." * 400),
        ("a domain without an end", "a@" + ("a" * 62 + ".") * 15),
        ("a megabyte", "a@" + "a." * 500_000),
    ):

        def normalised(length: int, address: str = address) -> Callable[[], str]:
            return lambda: normalise_email(address[:length])

        def read(length: int, address: str = address) -> Callable[[], object]:
            return lambda: parse_mailbox(address[:length])

        yield Cost("email address of a request", what, len(address), limit, 15, normalised)
        if len(address) < 1000:
            yield Cost("email address at a gateway", what, len(address), "254 bytes", 15, read)


COSTS = [*_html(), *_mails(), *_headers(), *_addresses()]
