"""Rules for new accounts and gateways, by any entry point."""

import pytest

from domain.access.actors import COMMAND_LINE
from domain.errors import InvalidError
from domain.keyring import CREDENTIALS, Keyring
from gateways.config.problems import InvalidGatewayConfig
from runtime.settings import Settings
from services.accounts.users import LONGEST_NAME, create_account
from services.changes import change
from services.gateways import LARGEST_PRIORITY, add_gateway
from store.gateways.gateways import GatewayInfo, NewGateway
from store.pool import Pool
from tests.store.builders import new_account


async def add(pool: Pool, ring: Keyring, new: NewGateway) -> GatewayInfo:
    async with change(pool, COMMAND_LINE, "gateway.created") as made:
        return await add_gateway(made, ring, new)


@pytest.mark.parametrize("name", ["", "   ", "x" * (LONGEST_NAME + 1), "a\nb", "\x1b[31mred"])
async def test_a_name_that_cannot_be_shown_is_refused(pool: Pool, name: str):
    with pytest.raises(InvalidError) as refused:
        await create_account(pool, "ann@example.com", name)
    assert (refused.value.code, refused.value.pointer) == ("name", "/name")


async def test_an_account_has_the_address_and_the_name_as_they_are_written_everywhere(pool: Pool):
    account = await create_account(pool, "Zoë.Shop@EXAMPLE.com", "  Zoë's shop ")
    assert (account.email, account.name) == ("Zoë.Shop@example.com", "Zoë's shop")


@pytest.mark.parametrize("priority", [-1, LARGEST_PRIORITY + 1])
async def test_a_priority_out_of_range_is_refused(pool: Pool, settings: Settings, priority: int):
    ring = Keyring.parse(settings.keys.get_secret_value(), CREDENTIALS)
    new = NewGateway(await new_account(pool), "sms", "mine", "sandbox", {}, priority=priority)
    with pytest.raises(InvalidError) as refused:
        await add(pool, ring, new)
    assert refused.value.code == "priority"


async def test_a_configuration_is_checked_before_anything_is_stored(pool: Pool, settings: Settings):
    ring = Keyring.parse(settings.keys.get_secret_value(), CREDENTIALS)
    account = await new_account(pool)
    with pytest.raises(InvalidGatewayConfig):
        await add(pool, ring, NewGateway(account, "sms", "mine", "sandbox", {"typo": 1}))
    added = await add(pool, ring, NewGateway(account, "sms", "mine", "sandbox", {}))
    assert (added.identifier, added.priority) == ("mine", 100)
