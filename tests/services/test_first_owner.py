"""The first owner: made once, with a token of the machine."""

import asyncio

import httpx
import pytest
import pytest_asyncio

from domain.access.actors import COMMAND_LINE
from domain.access.people import Person, PersonKind
from domain.errors import ConflictError
from runtime.settings import Settings
from services.access import passwords
from services.access.first_owner import issue_setup_token
from services.access.hashing import Hashing
from services.access.people import find_person
from services.changes import change
from store.access import staff
from store.access.audit import Filter, page
from store.pool import Pool
from tests.databases import at
from tests.stack import serve_api

PASSWORD = "correct horse battery"
OWNER = {"email": "owner@example.com", "name": "Olga", "password": PASSWORD}


async def issue(pool: Pool) -> str:
    async with change(pool, COMMAND_LINE, "setup_token.issued") as made:
        return await issue_setup_token(made)


@pytest_asyncio.fixture
async def api(fresh_pool: Pool, settings: Settings):
    url = fresh_pool.conninfo.split("?")[0]
    async with (
        serve_api(at(url, settings)) as base,
        httpx.AsyncClient(base_url=base, timeout=30) as http,
    ):
        yield http


async def set_up(http: httpx.AsyncClient, token: str, **more: str) -> httpx.Response:
    return await http.post("/api/auth/setup", json=OWNER | {"token": token} | more)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


async def test_a_token_makes_one_owner(api: httpx.AsyncClient, fresh_pool: Pool):
    old, token = await issue(fresh_pool), await issue(fresh_pool)
    assert code(await set_up(api, "xs_once_none")) == (422, "token_unusable")
    assert code(await set_up(api, old)) == (422, "token_unusable"), "a newer one replaced it"
    assert code(await set_up(api, token, password="owner@example.com")) == (422, "password_weak")
    answers = await asyncio.gather(*(set_up(api, token, email=f"o{n}@example.com") for n in range(5)))
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert [answer.status_code for answer in answers].count(200) == 1
    assert {code(answer) for answer in answers if answer.status_code != 200} <= {
        (409, "already_set_up"),
        (422, "token_unusable"),
    }
    (member,) = await staff.page(fresh_pool, 2**62, 10)
    assert member.role == "owner"
    begun = await api.post("/api/auth/login", json={"email": member.email, "password": PASSWORD})
    assert begun.status_code == 200, begun.text
    headers = {"Authorization": f"Bearer {begun.json()['data']['token']}"}
    assert (await api.get("/api/admin/v1/staff", headers=headers)).status_code == 200
    (event,) = await page(fresh_pool, Filter(action=["owner.set_up"]), 2**62, 10)
    assert (event.outcome, event.event["targets"][0]["id"]) == ("ok", str(member.id))
    with pytest.raises(ConflictError, match="owner who can log in"):
        await issue(fresh_pool)
    assert code(await set_up(api, token)) == (409, "already_set_up")


async def test_a_token_ends_after_a_day(api: httpx.AsyncClient, fresh_pool: Pool):
    token = await issue(fresh_pool)
    async with fresh_pool.connection() as conn:
        await conn.execute("update one_time_tokens set expires_at = expires_at - interval '24 hours'")
    assert code(await set_up(api, token)) == (422, "token_unusable")


async def test_a_token_for_one_thing_is_of_no_use_for_another(api: httpx.AsyncClient, fresh_pool: Pool):
    setup = await issue(fresh_pool)
    answer = await api.post("/api/auth/reset", json={"token": setup, "password": PASSWORD})
    assert code(answer) == (422, "token_unusable")
    member = await staff.add(fresh_pool, "bo@example.com", "Bo", "support", None)
    async with change(fresh_pool, COMMAND_LINE, "staff.invited") as made:
        person = Person(PersonKind.STAFF, member.id)
        invitation = await passwords.invite(made, person)
    assert code(await set_up(api, invitation)) == (422, "token_unusable")


async def test_an_owner_without_a_password_is_in_nobodys_way(api: httpx.AsyncClient, fresh_pool: Pool):
    await staff.add(fresh_pool, "key-only@example.com", "Key", "owner", None)
    token = await issue(fresh_pool)
    assert code(await set_up(api, token, email="key-only@example.com")) == (409, "email_taken")
    assert (await set_up(api, token)).status_code == 200


async def test_a_command_sets_a_password(fresh_pool: Pool):
    member = await staff.add(fresh_pool, "bo@example.com", "Bo", "support", None)
    person, hashing = Person(PersonKind.STAFF, member.id), Hashing()
    async with change(fresh_pool, COMMAND_LINE, "password.set") as made:
        await passwords.set_password(made, hashing, person, PASSWORD)
    known = await find_person(fresh_pool, person)
    assert await hashing.verify(known.password, PASSWORD)
    hashing.close()
