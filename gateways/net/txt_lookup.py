"""TXT and CNAME records from the DNS: what is there, what surely is not, and what nobody can say now."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # only for sender domains: most processes never need it
    from dns.asyncresolver import Resolver
    from dns.nameserver import Nameserver
    from dns.rdatatype import RdataType  # noqa: F401

_LIFETIME = 6.0
"""Seconds for a question, with all that is tried again."""
_PER_SERVER = 2.0
_EDNS_BYTES = 1232
"""Answers that fit a datagram everywhere (dnsflagday.net/2020); larger ones come over TCP."""
_MOST_RECORDS = 50
_LONGEST = 4096


class NoAnswer(Exception):
    """The DNS said neither that there are such records nor that there are none."""


class TxtLookup:
    """Asks the DNS servers of this machine, or those that are given. Nothing is cached."""

    def __init__(self, servers: str = "") -> None:
        """``servers``: ``192.0.2.1`` or ``192.0.2.1:5353``, several with commas; empty: those of this machine."""
        self._servers = parse_servers(servers)
        self._resolver: Resolver | None = None

    async def texts(self, name: str) -> tuple[str, ...]:
        """The texts at a name, each record's strings joined, in a fixed order; empty: there surely are none.

        Raises:
            NoAnswer: a server failed, or none answered in time.
        """
        records = await self._records(name, "TXT")
        found = [b"".join(record.strings)[:_LONGEST].decode("ascii", "replace") for record in records]
        return tuple(sorted(found)[:_MOST_RECORDS])  # servers change their order

    async def alias(self, name: str) -> str | None:
        """What a name is an alias of (CNAME), in lower case; ``None``: it surely is none.

        Raises:
            NoAnswer: as for ``texts``.
        """
        records = await self._records(name, "CNAME")
        return str(records[0].target).removesuffix(".").lower() if records else None

    async def _records(self, name: str, kind: str) -> Sequence[Any]:
        from dns.exception import DNSException
        from dns.resolver import NXDOMAIN

        try:
            answer = await self._made().resolve(f"{name}.", kind, search=False, raise_on_no_answer=False)
        except NXDOMAIN:
            return ()
        except (DNSException, OSError, EOFError, ValueError) as error:
            raise NoAnswer(_words(error)) from None
        return list(answer.rrset or ())

    def _made(self) -> "Resolver":
        if self._resolver is None:
            from dns.asyncresolver import Resolver
            from dns.nameserver import Do53Nameserver

            made = Resolver(configure=not self._servers)
            if self._servers:
                servers: Sequence[str | Nameserver] = [Do53Nameserver(host, port) for host, port in self._servers]
                made.nameservers = servers
            made.timeout, made.lifetime = _PER_SERVER, _LIFETIME
            made.use_edns(0, 0, _EDNS_BYTES)
            self._resolver = made
        return self._resolver


def parse_servers(text: str) -> list[tuple[str, int]]:
    """Addresses of DNS servers with their ports.

    Raises:
        ValueError: one of them is no address.
    """
    return [_server(part.strip()) for part in text.split(",") if part.strip()]


def _server(text: str) -> tuple[str, int]:
    from ipaddress import ip_address

    host, port = text, "53"
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} is not the address of a DNS server, such as 192.0.2.1 or 192.0.2.1:5353")
    return str(ip_address(host)), int(port)


def _words(error: Exception) -> str:
    from dns.exception import Timeout
    from dns.resolver import NoNameservers, NoResolverConfiguration

    match error:
        case Timeout():
            return "no answer in time"
        case NoNameservers():
            return "its servers fail"
        case NoResolverConfiguration():
            return "this machine has no DNS server"
    return type(error).__name__
