"""The small protocol every gateway speaks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from domain.channels import Channel
from domain.outbound import Outbound
from domain.outcomes import Outcome


class GatewayConfig(BaseModel):
    """Base of every gateway's configuration: unknown fields are refused, so that a typo is not silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    SECRETS: ClassVar[frozenset[str]] = frozenset()
    """Names of the fields that are never shown again after they were written."""


class Gateway(Protocol):
    """One configured account at one provider. Built once per configuration, used by many sends at a time."""

    dedupes: ClassVar[bool]
    """Whether the provider drops a second request that carries the same reference (then ``resend`` is safe)."""

    async def send(self, message: Outbound) -> Outcome:
        """Hand over one message. Never raises for what a provider does: every answer is an outcome."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


@dataclass(frozen=True, slots=True)
class GatewayType:
    """An entry of the registry: how a type of gateway is configured and built."""

    name: str
    channels: frozenset[Channel]
    config: type[GatewayConfig]
    build: Callable[[Any, "Outside"], Gateway]


class Inbox(Protocol):
    """Where the sandbox gateways put what they "deliver"."""

    async def put(self, gateway: str, message: Outbound) -> str:
        """Keep the message and return its id."""
        ...
