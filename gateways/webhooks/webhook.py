"""The other direction: what providers post to us. Read as it came, verified, then parsed."""

import hmac
from abc import ABC, abstractmethod
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qsl, urlsplit

import orjson

from domain.messages.receipts import Event
from domain.whatsapp.numbers import NumberReport
from gateways.answers import lenient_json
from gateways.background import in_background

MAX_FORM = 64 * 1024
"""Bytes of a form: decoding one costs much for each byte. The longest are those of Twilio, below 32 KiB."""
MAX_FIELDS = 1000
"""Of a form, or of an address's query."""
MAX_VALUES = 200_000
"""Objects, arrays and commas of a JSON text, those in texts too: a thousand events have some 20,000."""
_LONG = 64 * 1024
"""Bytes of a body from which on it is hashed in a thread: other requests are served meanwhile."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Post:
    """A request to a webhook, exactly as it came: signatures cover raw bytes and the public address."""

    method: str
    url: str
    """The address as the provider knows it: the configured public base, path and query."""
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    now: float
    """When it came, in Unix seconds."""
    _found: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was computed of it: many gateways may have to look at the same post."""

    @property
    def query(self) -> dict[str, str]:
        """The address's query; the last one of several values. Empty if it has more fields than any provider's."""
        try:
            return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True, max_num_fields=MAX_FIELDS))
        except ValueError:
            return {}

    def form(self) -> list[tuple[str, str]]:
        """The body as ``application/x-www-form-urlencoded``.

        Raises:
            UnreadablePost: it is not, or too long.
        """
        return list(self._once("form", self._parse_form))

    def json(self) -> Any:
        """The body as JSON. The value is shared by all callers, which must not change it.

        Raises:
            UnreadablePost: it is not, or holds too much.
        """
        return self._once("json", self._parse_json)

    async def sha256(self, before: bytes = b"") -> bytes:
        """The hash of the body, with something in front of it."""

        def work() -> bytes:
            hashed = sha256(before)
            hashed.update(self.body)
            return hashed.digest()

        return await self._hashed(("sha256", before), work)

    async def mac(self, key: bytes, algorithm: str, before: bytes = b"", after: bytes = b"") -> bytes:
        """The HMAC of the body, with something in front of it or behind it."""

        def work() -> bytes:
            hashed = hmac.new(key, before, algorithm)
            hashed.update(self.body)
            hashed.update(after)
            return hashed.digest()

        return await self._hashed((algorithm, key, before, after), work)

    async def _hashed(self, name: object, work: Callable[[], bytes]) -> bytes:
        if name not in self._found and len(self.body) > _LONG:
            self._found[name] = await in_background(work)
        return self._once(name, work)

    def _once(self, name: object, work: Callable[[], _T]) -> _T:
        if name not in self._found:
            try:
                self._found[name] = work()
            except UnreadablePost as error:
                self._found[name] = error
        found: _T | UnreadablePost = self._found[name]
        if isinstance(found, UnreadablePost):
            raise found.with_traceback(None)
        return found

    def _parse_form(self) -> list[tuple[str, str]]:
        if len(self.body) > MAX_FORM:
            raise UnreadablePost(f"a form of more than {MAX_FORM} bytes")
        try:
            return parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
        except ValueError as error:
            raise UnreadablePost(f"not a form: {error}") from None

    def _parse_json(self) -> object:
        if sum(map(self.body.count, (b"{", b"[", b","))) > MAX_VALUES:
            raise UnreadablePost(f"more than {MAX_VALUES} values")
        try:
            value: object = lenient_json(self.body)
        except orjson.JSONDecodeError as error:
            raise UnreadablePost(f"not JSON: {error}") from None
        return value


class UnreadablePost(ValueError):
    """A verified request that is not what this provider posts."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a provider."""

    status: int = 200
    body: bytes = b'{"success":true}'
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Webhook(ABC):
    """One gateway's end of its provider's webhook. Built from the gateway's configuration."""

    ACCEPTED: ClassVar[Reply] = Reply()
    """The answer once the events are safe."""
    BUSY: ClassVar[int] = 503
    """The status that makes the provider post again later."""
    UNREADABLE: ClassVar[int] = 400
    """The status for a verified request that cannot be read, now or later."""
    MOST_BYTES: ClassVar[int] = 256 * 1024
    """The largest body that the provider posts, generously. One that is signed has to be read to be refused."""
    REFUSED: ClassVar[Reply] = Reply(403, b'{"success":false,"message":"the signature does not fit"}')
    """The answer to a request that fails verification."""

    @abstractmethod
    def __init__(self, config: Any, outside: Any) -> None:
        """``config`` is the gateway's, ``outside`` its ``gateways.base.GatewayConnections``."""

    @property
    @abstractmethod
    def is_configured(self) -> bool:
        """Whether the gateway's configuration has what verification needs. If not, nothing is accepted."""

    def may_fit(self, head: Post) -> bool:
        """Whether a request with this head may be for ``handshake`` or pass ``verify``: its body is still to come.

        Strangers ask this as often as they like, so it must be quick.
        """
        return True

    async def handshake(self, post: Post) -> Reply | None:
        """Answer what is no event: a subscription to confirm, a challenge. ``None``: it is for ``verify`` and ``read``.

        Called before ``verify``: whatever it does must itself be protected.
        """
        return None

    @abstractmethod
    async def verify(self, post: Post) -> bool:
        """Whether the request comes from the provider, for this gateway's account, and is fresh.

        Asked of every gateway that a post may be for: what all of them compute of it belongs into ``Post``.
        """

    @abstractmethod
    def read(self, post: Post) -> Sequence[Event]:
        """The events of a verified request; what we have no use for is left out.

        Raises:
            UnreadablePost: it is not what the provider posts.
        """

    def tells_of_templates(self, post: Post) -> bool:
        """Whether a verified request says that templates of this gateway have changed, so that they are read again.

        Raises:
            UnreadablePost: it is not what the provider posts.
        """
        return False

    def reports_of_number(self, post: Post) -> Sequence[NumberReport]:
        """What a verified request reports of the number that this gateway sends from, or of one of the same account.

        Raises:
            UnreadablePost: it is not what the provider posts.
        """
        return ()

    def is_for_number(self, recipient: str) -> bool | None:
        """Whether what people write to this number of ours is for this gateway; ``None``: it does not know its number.

        Asked where the gateways of one account verify the same posts.
        """
        return None


class SecretWebhook(Webhook):
    """The webhook of a provider without signatures and times: a post with the shared secret is accepted.

    The secret is ``webhook_secret`` of the gateway's configuration.
    """

    def __init__(self, config: Any, outside: Any) -> None:
        self._secret: str | None = config.webhook_secret

    @property
    def is_configured(self) -> bool:
        return self._secret is not None

    def may_fit(self, head: Post) -> bool:
        """It can be decided before the body is read."""
        return self._secret is not None and carries_secret(head, self._secret)

    async def verify(self, post: Post) -> bool:
        """By the shared secret alone (``carries_secret``)."""
        return self.may_fit(post)


FRESH_SECONDS = 300.0
"""How far a signed time may be from ours, either way, where the provider states no rule of its own."""


def is_fresh(stamp: str | float, now: float, seconds: float = FRESH_SECONDS) -> bool:
    """Whether a signed time (Unix seconds) is near enough to now."""
    try:
        return abs(float(stamp) - now) <= seconds
    except ValueError:
        return False


def same(given: str, expected: str) -> bool:
    """Compare a secret or signature in constant time."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode(errors="surrogateescape"))


def carries_secret(post: Post, secret: str) -> bool:
    """Whether the request brings a shared secret, for providers that sign nothing.

    Three places are checked, as providers differ in what can be configured: the password of Basic
    authorization (``https://any:secret@host/…``), a Bearer token, and the query parameter ``secret``.
    """
    kind, _, credentials = post.headers.get("authorization", "").partition(" ")
    given = post.query.get("secret", "")
    if kind.lower() == "bearer":
        given = credentials.strip()
    elif kind.lower() == "basic":
        try:
            given = b64decode(credentials, validate=True).decode().partition(":")[2]
        except (NotBase64, UnicodeDecodeError):
            return False
    return same(given, secret)
