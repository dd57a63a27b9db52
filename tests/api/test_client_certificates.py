"""A key that is bound to a client certificate is of no use without it; a real nginx checks it in front."""

from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.api.admin import Staff, admin
from tests.api.nginx import NGINX, certificate, client, nginx
from tests.stack import Stack

pytestmark = pytest.mark.skipif(not NGINX.exists(), reason="make setup unpacks nginx, where Debian's packages are")


async def status(http: httpx.AsyncClient, key: str, **headers: str) -> int:
    answer = await http.get("/api/admin/v1/users", headers={"Api-key": key, **headers})
    return answer.status_code


async def bound_key(owner: Staff, fingerprint: str) -> str:
    member = await owner.colleague("support")
    return (await owner.data("POST", "/keys", {"staff": member.id, "certificate": fingerprint}))["key"]


async def test_a_bound_key_works_only_with_its_certificate(stack: Stack, tmp_path: Path):
    owner = await admin(stack)
    mine, _ = certificate(tmp_path, "mine"), certificate(tmp_path, "other")
    key = await bound_key(owner, mine.upper())
    async with nginx(str(stack.http.base_url).rstrip("/"), tmp_path) as url:
        for name, wanted in (("mine", 200), ("other", 403), (None, 403)):
            async with client(url, tmp_path, name) as http:
                assert await status(http, key) == wanted, name
                assert await status(http, owner.key) == 200, "other keys need none"
                pem = quote((tmp_path / "mine.pem").read_text())
                forged = await status(http, key, **{"X-Client-Certificate": pem})
                assert forged == wanted, "the proxy replaces what a client sends"


async def test_a_user_s_key_and_a_rolled_key_are_bound_too(stack: Stack, tmp_path: Path):
    owner, user = await admin(stack), await stack.user()
    mine = certificate(tmp_path, "mine")
    made = await owner.data("POST", "/keys", {"user": user.id, "certificate": mine})
    rolled = await owner.data("POST", f"/keys/{made['id']}/roll")
    assert rolled["certificate"] == made["certificate"] == mine.replace(":", "")
    async with nginx(str(stack.http.base_url).rstrip("/"), tmp_path) as url:
        for name, wanted in (("mine", 200), (None, 403)):
            async with client(url, tmp_path, name) as http:
                for key in (made["key"], rolled["key"]):
                    answer = await http.get("/api/gateways", headers={"Api-key": key})
                    assert answer.status_code == wanted


@pytest.mark.parametrize(
    "value", ["", "%", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----%zz-----END CERTIFICATE-----"]
)
async def test_what_a_proxy_sends_that_is_no_certificate_is_none(stack: Stack, tmp_path: Path, value: str):
    owner = await admin(stack)
    key = await bound_key(owner, certificate(tmp_path, "mine"))
    assert await status(stack.http, key, **{"X-Client-Certificate": value}) == 403


@pytest.mark.parametrize("fingerprint", ["", "ab", "g" * 64, "a" * 63, "a" * 65])
async def test_what_is_no_fingerprint_is_refused(stack: Stack, fingerprint: str):
    owner, user = await admin(stack), await stack.user()
    answer = await owner.call("POST", "/keys", {"user": user.id, "certificate": fingerprint})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/certificate")
