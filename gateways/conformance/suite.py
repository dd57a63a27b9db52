"""The checks, run one after the other against one type of gateway."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.channels import Channel
from domain.messages.outbound import Outbound
from gateways.base import GatewayConnections
from gateways.conformance.checks import Check, CheckFailed, checks_for
from gateways.conformance.subject import Subject
from gateways.registry import find_type

_SECONDS = 20.0
"""That a check may take. None waits for longer than half a second."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check."""

    check: str
    passed: bool
    problem: str | None = None


class _NoInbox:
    async def put(self, gateway: str, message: Outbound) -> str:
        return "1"

    async def tries(self, uid: UUID) -> int:
        return 1


async def check_type(type_name: str, channel: Channel, config: Mapping[str, Any]) -> list[Result]:
    """Make all checks that can be made of this type with this configuration.

    Raises:
        InvalidGatewayConfig: there is no such type, or its configuration is not valid to begin with.
    """
    outside = GatewayConnections.open(_NoInbox())
    try:
        subject = Subject(find_type(type_name), channel, config, outside)
        subject.parsed()
        return [await _result(name, check, subject) for name, check in checks_for(subject.entry).items()]
    finally:
        await outside.aclose()


async def _result(name: str, check: Check, subject: Subject) -> Result:
    try:
        async with asyncio.timeout(_SECONDS):
            await check(subject)
    except CheckFailed as error:
        return Result(name, False, str(error))
    except Exception as error:  # an adapter must raise for nothing that a provider does
        return Result(name, False, f"it raised {type(error).__name__}: {error}")
    return Result(name, True)
