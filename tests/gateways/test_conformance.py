"""What every provider's gateway must do: a new one is checked once it has a configuration in configs.py."""

import pytest
from configs import CONFIGS

from gateways.base import GatewayConnections
from gateways.conformance.checks import checks_for
from gateways.conformance.subject import Subject, speaks_http
from gateways.registry import GATEWAY_TYPES


def test_every_provider_is_checked():
    assert {name for name, entry in GATEWAY_TYPES.items() if speaks_http(entry)} == set(CONFIGS)


@pytest.mark.parametrize(
    ("name", "check"), [(name, check) for name in CONFIGS for check in checks_for(GATEWAY_TYPES[name])]
)
async def test_a_gateway(name: str, check: str, outside: GatewayConnections):
    entry, (channel, config) = GATEWAY_TYPES[name], CONFIGS[name]
    await checks_for(entry)[check](Subject(entry, channel, config, outside))
