"""What every provider's gateway must do: a new one is checked once it has a configuration in configs.py."""

import pytest
from configs import CONFIGS

from gateways.base import GatewayConnections
from gateways.conformance.checks import checks, checks_for
from gateways.conformance.subject import Subject
from gateways.provider import ProviderConfig
from gateways.registry import GATEWAY_TYPES


def subject(name: str, outside: GatewayConnections) -> Subject:
    channel, config = CONFIGS[name]
    return Subject(GATEWAY_TYPES[name], channel, config, outside)


def test_every_provider_is_checked():
    asked = {name for name, entry in GATEWAY_TYPES.items() if issubclass(entry.config, ProviderConfig)}
    assert asked == set(CONFIGS)


@pytest.mark.parametrize("check", checks())
@pytest.mark.parametrize("name", CONFIGS)
async def test_a_gateway(name: str, check: str, outside: GatewayConnections):
    this = subject(name, outside)
    if run := checks_for(this).get(check):
        await run(this)
