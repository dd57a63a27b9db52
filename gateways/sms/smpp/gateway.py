"""Type ``smpp``: SMS straight into an SMSC or an aggregator's, over SMPP 3.4."""

import asyncio
import random
from contextlib import suppress
from functools import partial
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, RetryLater, Unknown
from gateways.base import GatewayConfig, GatewayConnections
from gateways.config.fields import HostName
from gateways.net.addresses import SMPP_PORTS, private_too, public_only
from gateways.net.dial import Dialer
from gateways.net.tls import client_context
from gateways.sms.smpp.binds import Binds
from gateways.sms.smpp.delivery import ReceiptIds, answered_id
from gateways.sms.smpp.inbox import Inbox
from gateways.sms.smpp.link import Link
from gateways.sms.smpp.pdu import GENERIC_NACK, SUBMIT_SM, Pdu, message_id
from gateways.sms.smpp.session import CannotBind, Lost, NotSent, Session, Target
from gateways.sms.smpp.status import OK, failure
from gateways.sms.smpp.submit import Sender, write_parts

DRAIN_SECONDS = 5.0
"""How long a gateway that is closed waits for what is under way."""
PLACE_SECONDS = 60.0
"""Longest wait for a slot in the window. A message that waits longer would end as ``unknown``."""
BOUND_WITHIN = 3.0
"""How long who connects waits for it: other gateways are looked after by the same."""
AGAIN_SECONDS = 1.0
"""How soon a part that did not leave is tried again, if parts before it have left."""

_USUAL_PORTS = {"none": 2775, "tls": 3550}

Credential = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[ -~]*$")]
"""ASCII. The standard allows 15 characters for a system id and 8 for a password; many SMSCs allow more."""


class SmppConfig(GatewayConfig):
    """An account at an SMSC."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"password"})
    DESTINATION: ClassVar[frozenset[str]] = frozenset(
        {"host", "port", "security", "validate_certs", "allow_private_network"}
    )

    host: HostName
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """``None``: 2775, or 3550 with TLS."""
    security: Literal["tls", "none"] = "none"
    system_id: Credential
    password: Credential
    system_type: Annotated[str, Field(max_length=12, pattern=r"^[ -~]*$")] = ""
    source_addr: Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[ -~]*$")] | None = None
    """Number or name that messages come from if they name none. ``None``: the SMSC knows."""
    source_ton: Annotated[int, Field(ge=0, le=6)] | None = None
    source_npi: Annotated[int, Field(ge=0, le=18)] | None = None
    """Type and plan of all senders. ``None``: 1/1 for a number, 3/0 for a short code, 5/0 for a name."""
    receipts: bool = True
    """Ask for delivery receipts."""
    receipt_ids: ReceiptIds = "same"
    binds: Annotated[int, Field(ge=1, le=20)] = 1
    """Connections that are bound at a time: no more than the account allows."""
    window: Annotated[int, Field(ge=1, le=100)] = 10
    """Messages without an answer at a time, on each bind."""
    keep_alive: Annotated[float, Field(gt=0, le=600)] = 30.0
    """Seconds between two ``enquire_link``."""
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0
    """Seconds for the connection, and for each answer."""
    validate_certs: bool = True
    allow_private_network: bool = False


class SmppGateway:
    """Sends over connections bound as transceiver, by which receipts and messages from phones come as well.

    It binds when the first messages are sent and stays bound. SMSCs do not dedupe.
    """

    dedupes = False

    def __init__(self, config: SmppConfig, outside: GatewayConnections) -> None:
        self._config = config
        self._sender = Sender(config.source_addr, config.source_ton, config.source_npi)
        # Receipts without a sink would only be repeated.
        self._receipts = config.receipts and outside.events is not None
        self._inbox = Inbox(outside, config.receipt_ids, config.timeout)
        bind = partial(Session.open, _target(config, outside.dialer), self._inbox.deliver)
        self._binds = Binds([Link(bind, config.keep_alive) for _ in range(config.binds)], config.window)
        self._reference = random.randrange(256)  # noqa: S311 - so that a restart does not begin with the last ones
        self._closed = False

    @property
    def in_flight(self) -> int:
        """The windows of all binds."""
        return self._config.binds * self._config.window

    async def connect(self) -> None:
        """Bind, and stay bound, without a message to send: for what comes in. Also look after what came in parts.

        Raises:
            ConnectionError: one of the connections is not bound.
        """
        await self._inbox.hand_over_overdue()
        binding = [asyncio.create_task(link.session()) for link in self._binds.links]
        bound, late = await asyncio.wait(binding, timeout=BOUND_WITHIN)
        for task in late:
            task.cancel()
        if errors := [str(error) for error in (task.exception() for task in bound) if error is not None]:
            raise ConnectionError(f"{len(errors)} of {len(binding)} binds: {errors[0]}")
        if late:
            raise ConnectionError(f"not bound within {BOUND_WITHIN:g} s; that is gone on with")

    async def send(self, message: Outbound) -> Outcome:
        """Send one message, in as many parts as it takes."""
        self._reference = (self._reference + 1) % 256
        parts = write_parts(message, self._sender, self._reference, receipt=self._receipts)
        if isinstance(parts, Refused):
            return parts
        if self._closed:
            return RetryLater(
                None, "the gateway's connections were closed: it was changed, or another process sends through it"
            )
        try:
            link = await self._binds.take(min(self._config.timeout, PLACE_SECONDS), bulk=message.bulk)
        except TimeoutError:
            return GatewayDown(f"{self.in_flight} messages have been without an answer for too long")
        try:
            return await self._send(link, parts)
        finally:
            self._binds.give_back(link)

    async def aclose(self) -> None:
        """As ``disconnect``, within a few seconds."""
        await self.disconnect(DRAIN_SECONDS)

    async def disconnect(self, seconds: float) -> None:
        """Let what is under way come to its end, but for no more than so many seconds, then unbind."""
        self._closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._binds.drained()
                await self._inbox.drain()
        await asyncio.gather(*(link.aclose() for link in self._binds.links))
        self._inbox.close()

    async def _send(self, link: Link, parts: list[bytes]) -> Outcome:
        """One part after the other: as long as none has left, the message can still go another way."""
        first = await self._submit(link, parts[0])
        if not isinstance(first, Accepted):
            return first
        for number, part in enumerate(parts[1:], 2):
            outcome = await self._submit_patiently(link, part)
            if not isinstance(outcome, Accepted):
                silent = isinstance(outcome, Unknown) and outcome.silent
                return Unknown(f"part {number} of {len(parts)} failed, those before it left: {outcome.reason}", silent)
        return first

    async def _submit_patiently(self, link: Link, part: bytes) -> Outcome:
        """Submit a part that has to follow others, if need be several times: what was turned away did not leave."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._config.timeout
        while True:
            outcome = await self._submit(link, part)
            if not isinstance(outcome, RetryLater | GatewayDown) or loop.time() + AGAIN_SECONDS > give_up:
                return outcome
            await asyncio.sleep(AGAIN_SECONDS)

    async def _submit(self, link: Link, part: bytes) -> Outcome:
        try:
            session = await link.session()
            return self._outcome(await session.request(SUBMIT_SM, part))
        except (CannotBind, NotSent) as error:
            return GatewayDown(f"could not use the SMSC: {error}")
        except TimeoutError:
            return Unknown(f"no answer within {self._config.timeout:g} s", silent=True)
        except Lost as error:
            return Unknown(f"the connection was lost before the answer: {error}")

    def _outcome(self, answer: Pdu) -> Outcome:
        if answer.status != OK:
            return failure(answer.status)
        if answer.command == GENERIC_NACK:
            return Unknown("the SMSC neither took nor refused it")
        kept = answered_id(message_id(answer.body), self._config.receipt_ids)
        return Accepted(kept, receipts=self._receipts and kept is not None)


def _target(config: SmppConfig, dialer: Dialer) -> Target:
    return Target(
        host=config.host,
        port=config.port or _USUAL_PORTS[config.security],
        tls=client_context(verify=config.validate_certs) if config.security == "tls" else None,
        make_socket=private_too if config.allow_private_network else public_only(SMPP_PORTS),
        dialer=dialer,
        system_id=config.system_id,
        password=config.password,
        system_type=config.system_type,
        timeout=config.timeout,
    )
