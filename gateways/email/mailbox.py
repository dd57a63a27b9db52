"""One mailbox, taken apart strictly: what is not exactly one plain address is refused rather than guessed at."""

import re
from dataclasses import dataclass

import httpx

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"  # RFC 5322 §3.2.3, with UTF-8 as of RFC 6531 §3.3
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


class InvalidMailbox(ValueError):
    """The text is not exactly one mailbox."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address as it stands in an envelope. ``domain`` is ASCII (IDNA)."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only a server with SMTPUTF8 (RFC 6531) can take it."""
        return not self.local.isascii()


def parse_mailbox(text: str) -> Mailbox:
    """Read ``local@domain``: no display name, no comment, no list, no quoting. Raises ``InvalidMailbox``."""
    local, _, domain = text.rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local.encode()) > 64:  # RFC 5321 §4.5.3.1.1
        raise InvalidMailbox("is not one mailbox of the form name@domain")
    ascii_domain = _to_ascii(domain).lower()
    if not _DOMAIN.fullmatch(ascii_domain) or len(ascii_domain) > 253:
        raise InvalidMailbox("has no valid domain")
    return Mailbox(local, ascii_domain)


def _to_ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    try:  # httpx encodes by IDNA 2008; Python's own codec would turn "straße.de" into another domain, "strasse.de"
        return httpx.URL(scheme="http", host=domain).raw_host.decode("ascii")
    except httpx.InvalidURL:
        raise InvalidMailbox("has no valid domain") from None
