"""Settings of the install in the store."""

import pytest

from domain.keyring import CREDENTIALS, Keyring, KeyringError
from store.settings import install_settings

KEYS = Keyring.generate()
MAIL = {"host": "mx.example.com", "password": "hunter2"}


async def test_the_mail_server_is_sealed_and_resealed_with_a_new_key(fresh_pool):
    old = Keyring.parse(KEYS, CREDENTIALS)
    assert await install_settings.reseal_all(fresh_pool, old) == 0
    await install_settings.write_mail(fresh_pool, old, MAIL)
    sealed = (await install_settings.read(fresh_pool)).sealed_mail
    assert b"hunter2" not in sealed
    fresh = Keyring.generate().replace("k1:", "k2:")
    both, new = (Keyring.parse(text, CREDENTIALS) for text in (f"{fresh},{KEYS}", fresh))
    with pytest.raises(KeyringError):
        install_settings.open_mail(new, sealed)
    assert await install_settings.reseal_all(fresh_pool, both) == 1
    assert install_settings.open_mail(new, (await install_settings.read(fresh_pool)).sealed_mail) == MAIL


async def test_every_change_has_a_version_of_its_own(fresh_pool):
    keyring = Keyring.parse(KEYS, CREDENTIALS)
    versions = [(await install_settings.read(fresh_pool)).version]
    await install_settings.write(fresh_pool, {"unknown_days": 3})
    versions.append((await install_settings.read(fresh_pool)).version)
    await install_settings.write_mail(fresh_pool, keyring, None)
    versions.append((await install_settings.read(fresh_pool)).version)
    assert versions == sorted(set(versions))
