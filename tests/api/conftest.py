from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from domain.keyring import Keyring
from embedded.engine import Engine
from gateways.email import ses
from runtime.settings import Settings
from tests.databases import new_install
from tests.gateways.sns_signer import CERTIFICATE_URL, Amazon, certificate, rsa_key
from tests.stack import Stack, new_namespace, run_stack


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Amazon hands its certificate out at no address but its own, so it is there instead of the outside."""
    amazon = Amazon({CERTIFICATE_URL: certificate(rsa_key(), days=36500)})
    monkeypatch.setattr(ses, "fetch_over", lambda http: amazon.fetch)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_stack(engine: Engine) -> AsyncIterator[Stack]:
    """An install of a module's own: what other tests leave behind answers otherwise."""
    async with run_stack(await _settings_of_its_own(engine)) as stack:
        yield stack


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alone(engine: Engine) -> AsyncIterator[Stack]:
    """An install of the module's own, without a worker."""
    async with run_stack(await _settings_of_its_own(engine), worker=False) as stack:
        yield stack


async def _settings_of_its_own(engine: Engine) -> Settings:
    url = await new_install(engine.database_url)
    return Settings(
        database_url=url,
        temporal_address=engine.temporal_address,
        temporal_namespace=await new_namespace(engine.temporal_address),
        keys=Keyring.generate(),
    )
