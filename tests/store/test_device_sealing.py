"""Secrets of devices are sealed to their places, and follow the key ring."""

from uuid import UUID

import pytest

from domain.audience.contacts.contact import new_contact_id
from domain.keyring import CREDENTIALS, Keyring, KeyringError
from store.devices import devices, sealing
from store.devices.devices import Link
from store.devices.sealing import Secrets
from store.gateways import gateways
from store.gateways.gateways import NewGateway
from store.pool import Pool
from tests.store.builders import new_account


async def test_all_are_resealed_with_the_first_key_of_the_ring(fresh_pool: Pool):
    old, new = Keyring.generate(), Keyring.generate().replace("k1:", "k2:")
    before, both, after = (Keyring.parse(text, CREDENTIALS) for text in (old, f"{new},{old}", new))
    account = await new_account(fresh_pool)
    gateway = await gateways.add(fresh_pool, before, NewGateway(account, "sms", "android", "android", {}))
    first, second = [await a_device(fresh_pool, before, account, gateway, number) for number in range(2)]
    assert await sealing.reseal_all(fresh_pool, both) == 2
    assert await sealing.secrets_of(fresh_pool, after, first) == Secrets("in-0", "key-0")
    async with fresh_pool.connection() as conn:
        await conn.execute(
            "update devices set sealed = (select sealed from devices where id = %s) where id = %s", (first, second)
        )
    with pytest.raises(KeyringError):
        await sealing.secrets_of(fresh_pool, after, second)  # another place


async def a_device(pool: Pool, keyring: Keyring, account: int, gateway: UUID, number: int) -> UUID:
    id_ = new_contact_id()
    sealed = sealing.seal(keyring, id_, Secrets(f"in-{number}", f"key-{number}"))
    link = Link(gateway, "smsgate", None, "Pixel", bytes([number]), sealed=sealed)
    assert await devices.add(pool, id_, account, link)
    await devices.link(pool, id_, link)
    return id_
