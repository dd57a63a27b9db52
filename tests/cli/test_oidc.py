"""The provider of identities by commands."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from fastapi.responses import JSONResponse

from domain.keyring import Keyring
from embedded.engine import Engine
from tests.api.doubles.identity_provider import CLIENT, SECRET, Provider, identity_provider
from tests.databases import addresses, new_install


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_database(engine: Engine) -> dict[str, str]:
    """The settings of an install of these tests' own."""
    url = await new_install(engine.database_url)
    return addresses(url) | {"XSENDER_KEYS": Keyring.generate()}


@pytest_asyncio.fixture
async def environment(environment: dict[str, str], own_database: dict[str, str]) -> dict[str, str]:
    return environment | own_database


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[Provider]:
    async with identity_provider() as running:
        yield running


def patch(provider: Provider, **more: Any) -> str:
    roles = [{"group": "help", "role": "support"}]
    return json.dumps(
        {
            "issuer": provider.url,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "roles": roles,
            "allow_private_network": True,
        }
        | more
    )


async def test_a_provider_is_set_shown_checked_and_removed(cli, provider: Provider):
    assert "there is no provider" in (await cli("oidc", "show")).refusal
    assert "there is no provider" in (await cli("oidc", "check", "--json")).refusal
    made = await cli("oidc", "set", "--config-json", patch(provider), "--json")
    assert SECRET not in made.out
    assert made.json == (await cli("oidc", "show", "--json")).json
    assert (made.json["client_secret"], made.json["managed_by"]) == ({"set": True}, None)
    (event,) = (await cli("audit", "list", "--target", "oidc:staff", "--limit", 1, "--json")).json
    assert (event["action"], event["actor"]["type"]) == ("oidc.updated", "cli")

    checked = await cli("oidc", "check", "--json", XSENDER_PUBLIC_URL="https://send.example.com")
    found = {one["check"]: one for one in checked.json}
    assert {name: one["passed"] for name, one in found.items()} == dict.fromkeys(
        ("enabled", "public_url", "roles", "issuer", "keys", "client"), True
    )
    assert "https://send.example.com/api/auth/oidc/callback" in found["public_url"]["told"]

    assert (await cli("oidc", "remove", "--json")).json == {"removed": True}
    assert "there is no provider" in (await cli("oidc", "show")).refusal
    assert "there is no provider" in (await cli("oidc", "remove")).refusal


async def test_what_keeps_people_out_fails_the_check(cli, provider: Provider):
    await cli("oidc", "set", "--config-json", patch(provider, roles=[], enabled=False))
    provider.shown_keys = []
    provider.token_answer = JSONResponse({"error": "invalid_client"}, 401)
    checked = await cli("oidc", "check", "--json")
    assert checked.code == 1
    assert {one["check"]: one["passed"] for one in json.loads(checked.out)} == {
        "enabled": False,
        "public_url": False,
        "roles": False,
        "issuer": True,
        "keys": False,
        "client": False,
    }
    assert provider.requests == ["token"]
    provider.configuration = {"issuer": "https://other.example.com"}
    others = {one["check"]: one for one in json.loads((await cli("oidc", "check", "--json")).out)}
    assert (others["issuer"]["passed"], "keys" in others) == (False, False)
    secure = patch(provider, issuer="https://127.0.0.1:1", allow_private_network=False)
    await cli("oidc", "set", "--config-json", secure)
    (*_, private) = json.loads((await cli("oidc", "check", "--json")).out)
    assert (private["passed"], "allow_private_network" in private["told"]) == (False, True)
    await cli("oidc", "remove")


async def test_what_cannot_be_is_refused(cli, provider: Provider):
    for more, told in (
        ({"issuer": "ftp://x"}, "issuer"),
        ({"client_secret": ""}, "1 to 1000 characters"),
        ({"client_secret": None}, "give the client's secret"),
        ({"roles": [{"group": "help", "role": "nobody"}]}, "there is no role nobody"),
        ({"colour": 1}, "colour"),
    ):
        assert told in (await cli("oidc", "set", "--config-json", patch(provider, **more))).refusal


async def test_a_mapping_to_a_role_that_is_gone_can_be_mended(cli, provider: Provider):
    await cli("role", "put", "helpers", "--permissions", "users:read")
    roles = [{"group": "help", "role": "helpers"}]
    assert (await cli("oidc", "set", "--config-json", patch(provider, roles=roles))).code == 0
    assert (await cli("role", "delete", "helpers")).code == 0
    found = {one["check"]: one for one in json.loads((await cli("oidc", "check", "--json")).out)}
    assert (found["roles"]["passed"], "helpers" in found["roles"]["told"]) == (False, True)
    assert (await cli("oidc", "set", "--config-json", patch(provider))).code == 0
    await cli("oidc", "remove")
