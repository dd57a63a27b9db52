"""What Meta demands of apps: that they mind who has removed them, and who wants to be deleted."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest_asyncio
from pydantic import SecretStr

from store.leads.sources import Source
from tests.api.answers import assert_error
from tests.api.leads.posted import a_source, read, refused
from tests.api.leads.test_meta_leads import OURS, install
from tests.stack import Stack

REMOVED, DELETION = "/api/webhook/meta/deauthorize", "/api/webhook/meta/data-deletion"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def http(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with install(stack, meta_app_secret=SecretStr(OURS)) as client:
        yield client


def signed(user_id: Any, secret: str = OURS, **more: Any) -> dict[str, str]:
    said = {"algorithm": "HMAC-SHA256", "issued_at": int(time.time()), "user_id": user_id} | more
    payload = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=")
    signature = base64.urlsafe_b64encode(hmac.digest(secret.encode(), payload, "sha256")).rstrip(b"=")
    return {"signed_request": f"{signature.decode()}.{payload.decode()}"}


async def of_user(stack: Stack, user_id: str, account: int | None = None, secret: str | None = None) -> Source:
    """A source whose token is this person's."""
    credentials = {"token": "t"} | ({} if secret is None else {"app_secret": secret})
    source = await a_source(stack, "meta", account=account, credentials=credentials, page_id=uuid4().hex)
    async with stack.pool.connection() as conn:
        told = json.dumps({"meta_user": user_id})
        await conn.execute("update lead_sources set told = %s where id = %s", (told, source.id))
    return source


async def states(stack: Stack, *sources: Source) -> list[tuple[str, str | None]]:
    found = [await read(stack, source.id) for source in sources]
    return [(one.state, one.parked_code) for one in found]


async def test_who_removes_the_app_has_the_sources_with_their_token_parked(stack: Stack, http: httpx.AsyncClient):
    user, other = uuid4().hex, uuid4().hex
    both = [await of_user(stack, user) for _ in range(2)]
    stranger = await of_user(stack, other)
    for _ in range(2):
        answer = await http.post(REMOVED, data=signed(user))
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert await states(stack, *both, stranger) == [("parked", "app_removed")] * 2 + [("active", None)]
    assert "connect the page again" in str((await read(stack, both[0].id)).parked_reason)


async def test_the_app_of_a_customer_parks_sources_of_its_own_account_alone(stack: Stack, http: httpx.AsyncClient):
    user, account = uuid4().hex, (await stack.user()).id
    own = [await of_user(stack, user, account, "a-secret") for _ in range(2)]
    other = await of_user(stack, user, secret="a-secret")
    assert (await http.post(f"{REMOVED}/{own[0].id}", data=signed(user, "a-secret"))).status_code == 200
    assert await states(stack, *own, other) == [("parked", "app_removed")] * 2 + [("active", None)]


async def test_who_wants_to_be_deleted_gets_a_code_and_sees_what_became_of_it(stack: Stack, http: httpx.AsyncClient):
    user = uuid4().hex
    source = await of_user(stack, user, secret="a-secret")
    shared, again = [(await http.post(DELETION, data=signed(user))).json() for _ in range(2)]
    own = (await http.post(f"{DELETION}/{source.id}", data=signed(user, "a-secret"))).json()
    assert shared == again
    assert shared["confirmation_code"] != own["confirmation_code"]
    for asked in (shared, own):
        assert asked["url"].endswith(f"{DELETION}/{asked['confirmation_code']}")
        seen = (await http.get(urlsplit(asked["url"]).path)).json()
        assert (seen["state"], seen["done_at"]) == ("requested", None)
        assert user not in str(seen)
    assert_error(await http.get(f"{DELETION}/{uuid4().hex}"), 404, "deletion_not_found")


async def test_many_requests_of_one_person_at_once_are_one(http: httpx.AsyncClient):
    said = signed(uuid4().hex)
    answers = await asyncio.gather(*(http.post(DELETION, data=said) for _ in range(8)))
    assert len({answer.json()["confirmation_code"] for answer in answers}) == 1


async def test_what_meta_did_not_sign_or_long_ago_is_refused(stack: Stack, http: httpx.AsyncClient):
    user = uuid4().hex
    source, bare = await of_user(stack, user, secret="a-secret"), await of_user(stack, user)
    right = signed(user)["signed_request"]
    forms: list[dict[str, str]] = [
        {"other": "x"},
        {"signed_request": ""},
        {"signed_request": "a.b"},
        {"signed_request": "." * 100},
        {"signed_request": right[:-2]},
        {"signed_request": "é" + right},
        signed(user, "another"),
        signed(user, algorithm="none"),
        signed(user, issued_at=int(time.time()) - 90_000),
        signed(user, issued_at=None),
        signed(user, issued_at="1"),
        signed(None),
        signed({"a": 1}),
    ]
    for path in (REMOVED, DELETION):
        for form in forms:
            assert_error(await http.post(path, data=form), 401, "lead_unauthorized")
        for one in (source, bare):
            assert_error(await http.post(f"{path}/{one.id}", data=signed(user)), 401, "lead_unauthorized")
        assert_error(await http.post(f"{path}/{bare.id}", data=signed(user, "")), 401, "lead_unauthorized")
        assert_error(await stack.http.post(path, data=signed(user, "")), 401, "lead_unauthorized")
    assert await refused(stack, source, 2) == "lead_unauthorized"
    assert await states(stack, source, bare) == [("active", None)] * 2
