"""The small protocol every gateway speaks."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, runtime_checkable
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from domain.channels import Channel
from domain.messages.outbound import Outbound
from domain.messages.outcomes import AwaitsDevice, Outcome
from domain.messages.receipts import Event
from domain.text.sms_parts import Gathered, Part
from domain.whatsapp.numbers import NumberReport
from domain.whatsapp.templates import ProviderTemplate
from gateways.net.dial import Dialer
from gateways.net.http import HttpClient
from gateways.net.names import Names
from gateways.webhooks.webhook import Webhook


class GatewayConfig(BaseModel):
    """Base of every gateway's configuration: unknown fields are refused, so that a typo is not silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    SECRETS: ClassVar[frozenset[str]] = frozenset()
    """Names of the fields that are never shown again after they were written."""
    DESTINATION: ClassVar[frozenset[str]] = frozenset()
    """Names of the fields that decide where the secrets are sent. A change of one requires the secrets again."""

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Keep secrets out of logs and tracebacks."""
        return [(name, value) for name, value in super().__repr_args__() if name not in self.SECRETS]


class UnfitMessage(ValueError):
    """The provider would surely refuse the message. ``code`` is what the outcome will carry."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Gateway(Protocol):
    """One configured account at one provider. Built once per configuration, used by many sends at a time."""

    @property
    def dedupes(self) -> bool:
        """Whether the provider drops a second request that carries the same reference (then ``resend`` is safe)."""
        ...

    async def send(self, message: Outbound) -> Outcome:
        """Hand over one message. Never raises for what a provider does: every answer is an outcome."""
        ...

    async def aclose(self) -> None:
        """Close the gateway's own connections. Those of the shared HTTP clients stay open."""
        ...


@runtime_checkable
class Listening(Protocol):
    """A gateway whose provider sends events over the gateway's own connections, and limits how many there are.

    One process of all uses it, its home: others build it, but neither connect it nor send through it.
    """

    @property
    def in_flight(self) -> int:
        """How many messages its provider takes without having answered."""
        ...

    async def connect(self) -> None:
        """Be connected, also without anything to send. Called every few seconds by its home.

        Raises:
            OSError: it cannot be now.
        """
        ...

    async def disconnect(self, seconds: float) -> None:
        """Close its connections for good, as another process may be its home now.

        What is under way gets its answers before, for no more than so many seconds; nothing more is begun.
        """
        ...


class TemplatesUnreadable(Exception):
    """A provider's templates could not be read; the message says why."""


@runtime_checkable
class ListsTemplates(Protocol):
    """A gateway whose provider has templates that must be approved."""

    async def list_templates(self) -> list[ProviderTemplate] | None:
        """All of them; ``None``: the gateway's configuration does not say where they are.

        Raises:
            TemplatesUnreadable: they cannot be read now.
        """
        ...


@runtime_checkable
class ReadsNumber(Protocol):
    """A gateway whose provider judges the number that it sends from."""

    async def read_number(self) -> NumberReport | None:
        """What the provider says of it now; ``None``: it did not tell."""
        ...


@runtime_checkable
class KeepsWindow(Protocol):
    """A gateway whose provider takes texts and media only for a while after the person has written to its number."""

    @property
    def window_seconds(self) -> float:
        """How long. After that it takes templates only, and refuses all else with the code ``outside_window``."""
        ...


class Inbox(Protocol):
    """Where the sandbox gateways put what they "deliver". Shared by all processes."""

    async def put(self, gateway: str, message: Outbound) -> str:
        """Keep the message and return the new entry's id. The same message put twice makes two entries."""
        ...

    async def tries(self, uid: UUID) -> int:
        """Count one more try at a message and return how many there were, this one included."""
        ...


Take = Callable[[Sequence[Event]], Awaitable[None]]
"""Accepts events of a gateway's provider. Once it has returned, the events are durable; when it raises, whatever it
is, the gateway requests its provider to send them again."""


class EventSink(Protocol):
    """Where gateways hand over what comes over their own connection, not by a webhook (SMPP)."""

    async def take(self, gateway: str, events: Sequence[Event]) -> None:
        """As ``Take``, for the gateway with this id. Events that were taken before may be among them."""
        ...


class Deliveries(Protocol):
    """Messages from phones that come to one gateway without an id, until they are handed over.

    All processes share it.
    """

    async def keys_of(self, messages: Sequence[tuple[str, str, str]]) -> list[str]:
        """The key of each of these messages (sender, recipient, text), which have come together.

        One that comes again because it was not answered keeps its key.
        """
        ...

    async def keep(self, sender: str, recipient: str, part: Part) -> Gathered:
        """Keep a part: it is safe then. Returns what there is of its message."""
        ...

    async def overdue(self, seconds: float) -> Sequence[Gathered]:
        """Messages that have been waiting for parts for longer than that. They are the caller's to hand over."""
        ...

    async def finish(self, keys: Sequence[str]) -> None:
        """These messages were handed over and answered."""
        ...


class DeviceQueue(Protocol):
    """Where the messages of one gateway wait for phones. Shared by all processes."""

    async def put(
        self, message: Outbound, attempt: int, *, urgent: bool, valid_hours: float, give_back_after: float | None
    ) -> bool:
        """Have a message wait. Idempotent for each message and attempt.

        Returns whether it waits; ``False``: no phone is online, and ``give_back_after`` is 0 seconds.
        """
        ...


@runtime_checkable
class Enqueues(Protocol):
    """A gateway that keeps messages until phones fetch them."""

    async def enqueue(self, message: Outbound, attempt: int, *, urgent: bool) -> Outcome | AwaitsDevice:
        """As ``Gateway.send``; idempotent for each message and attempt. ``urgent`` ones go first."""
        ...


class Signatures(Protocol):
    """Which event each signature came with first, for providers whose signatures do not cover the event. Shared by all
    processes."""

    async def is_first_event_of(self, signature: bytes, event: bytes) -> bool:
        """Whether this is the event that the signature came with first; the first time it is."""
        ...


@dataclass(frozen=True, slots=True)
class GatewayConnections:
    """What gateways reach the world through. Opened once per process."""

    public: HttpClient
    """Connects to public addresses only."""
    private: HttpClient
    """For gateways that an admin allowed into private networks."""
    inbox: Inbox
    events: Take | None = None
    """The sink of events over this gateway's own connection. ``None``: there is none in this process."""
    deliveries: Deliveries | None = None
    """For what comes to this one gateway without an id. There wherever ``events`` is."""
    signatures: Signatures | None = None
    """``None``: webhooks that need it accept nothing."""
    devices: DeviceQueue | None = None
    """Where this gateway's messages wait for phones; ``None``: this process sends nothing."""
    dialer: Dialer = field(default_factory=Dialer)
    """For connections that do not speak HTTP."""

    @classmethod
    def open(
        cls, inbox: Inbox, signatures: Signatures | None = None, names: Names | None = None
    ) -> "GatewayConnections":
        """The outside as it is, with both kinds of HTTP connections.

        ``names``: the look-ups that it shares with others; ``None``: they are its own.
        """
        dialer = Dialer(names)
        clients = HttpClient(dialer=dialer), HttpClient(private=True, dialer=dialer)
        return cls(*clients, inbox, signatures=signatures, dialer=dialer)

    def of(self, owner: str) -> "GatewayConnections":
        """The same for one owner: he can use up neither the connections nor the look-ups of others."""
        return replace(self, public=self.public.of(owner), private=self.private.of(owner), dialer=self.dialer.of(owner))

    def http(self, *, allow_private_network: bool) -> HttpClient:
        """Choose the client by a gateway's configuration."""
        return self.private if allow_private_network else self.public

    async def aclose(self) -> None:
        """Close both clients."""
        await self.public.aclose()
        await self.private.aclose()


@dataclass(frozen=True, slots=True)
class GatewayType:
    """An entry of the registry: how a type of gateway is configured and built."""

    name: str
    channels: frozenset[Channel]
    config: type[GatewayConfig]
    build: Callable[[Any, GatewayConnections], Gateway]
    webhook: type[Webhook] | None = None
    """How what the provider posts to us is verified and read; ``None``: it posts nothing."""
    aliases: tuple[str, ...] = ()
    """Other names of the provider in the addresses of its webhook."""
    listens: bool = False
    """Whether its gateways are ``Listening``: then one process of all sends through them."""
