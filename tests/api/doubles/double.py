"""What the doubles of providers have in common: one takes messages, and posts to us what a provider would post."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

from gateways.conformance.fake_provider import Reply, Request

PERSON = "+14155550123"
"""Who is written to, and writes."""


@dataclass(frozen=True)
class Posting:
    """A request to our webhook."""

    url: str
    """The address as the provider knows it."""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"


@dataclass(frozen=True)
class Told:
    """What a provider knows of a message that it took."""

    reference: str
    """Our uid, as it came with the request; empty where the provider has no place for it."""
    id: str
    """The provider's own."""
    to: str = PERSON
    address: str = ""
    """Where to report to, if the request said so."""


class Double:
    """One account at a provider, with credentials of its own."""

    TYPE: ClassVar[str]
    CHANNEL: ClassVar[str]
    ACCEPTED: ClassVar[tuple[int, str, bytes]] = (200, "application/json", b'{"success":true}')
    """What the provider needs to hear: status, type and body."""
    UNREADABLE: ClassVar[int] = 400
    """What makes the provider stop posting something that cannot be read."""
    BUSY: ClassVar[int] = 503
    """What makes the provider post again."""
    HEARS: ClassVar[bool] = False
    """Whether people can write to it."""

    def __init__(self, base: str) -> None:
        self.hooks = f"{base}/api/webhook/{self.CHANNEL}/{self.TYPE}"
        self.secret = f"secret-{uuid4().hex}"
        self.id = f"id-{uuid4().hex}"

    @property
    def config(self) -> dict[str, Any]:
        """The gateway's configuration, without where the double listens."""
        raise NotImplementedError

    def answer(self, request: Request) -> bytes:
        """Success, as the provider says it."""
        raise NotImplementedError

    def told(self, request: Request) -> Told:
        """What the request said."""
        raise NotImplementedError

    def delivered(self, told: Told) -> Posting:
        """The message arrived."""
        raise NotImplementedError

    def tampered(self, posting: Posting) -> Posting:
        """The same with something changed that the credentials vouch for."""
        raise NotImplementedError

    def nonsense(self) -> Posting:
        """An unreadable post with good credentials."""
        raise NotImplementedError

    def says(self, text: str) -> Posting:
        """The person writes to the account's number."""
        raise NotImplementedError

    @property
    def reply(self) -> Reply:
        async def reply(request: Request, writer: Any) -> None:
            writer.write(self.answer(request))

        return reply


def basic(password: str) -> dict[str, str]:
    """Basic authorization, as of an address ``https://any:password@…``."""
    return {"Authorization": "Basic " + b64encode(f"any:{password}".encode()).decode()}
