"""429 beyond the rate of a key's class, and 503 while a part is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest

from domain.request_rates import RATE_CLASSES, Rate
from runtime.settings import Settings
from store.accounts import accounts, plans
from tests.api.answers import SMS, assert_error, send_one
from tests.databases import at
from tests.stack import Stack, User, free_socket, serve_api

UNKNOWN = f"/api/get/sms/{uuid4()}"


async def asked(http: httpx.AsyncClient, user: User, times: int) -> list[int]:
    answers = [await http.get("/api/get/sms/x", headers=user.headers) for _ in range(times)]
    return [answer.status_code for answer in answers]


async def test_429_says_when_to_come_back(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(RATE_CLASSES, "standard", Rate(0.01, burst=3))
    user, neighbour = await on_plan(stack, "standard"), await on_plan(stack, "standard")
    async with serve_api(stack.settings) as url, httpx.AsyncClient(base_url=url) as http:
        assert await asked(http, user, 4) == [404, 404, 404, 429]
        refused = await http.post("/api/sms/send", json={"contact": [SMS]}, headers=user.headers)
        assert_error(refused, 429, "rate_limited")
        assert 90 <= int(refused.headers["retry-after"]) <= 100
        assert await asked(http, neighbour, 1) == [404]


async def test_a_plan_names_the_limit_and_without_one_there_is_none(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(RATE_CLASSES, "standard", Rate(0.01, burst=1))
    monkeypatch.setitem(RATE_CLASSES, "high", Rate(0.01, burst=2))
    high, unlimited = await on_plan(stack, "high"), await stack.user()
    async with serve_api(stack.settings) as url, httpx.AsyncClient(base_url=url) as http:
        assert await asked(http, high, 3) == [404, 404, 429]
        assert await asked(http, await on_plan(stack, "standard"), 2) == [404, 429]
        assert await asked(http, unlimited, 5) == [404] * 5
        assert await asked(http, await stack.admin(), 5) == [404] * 5


async def test_all_processes_share_a_limit(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(RATE_CLASSES, "standard", Rate(0.01, burst=4))
    user = await on_plan(stack, "standard")
    async with (
        serve_api(stack.settings) as one,
        serve_api(stack.settings) as two,
        httpx.AsyncClient(base_url=one) as first,
        httpx.AsyncClient(base_url=two) as second,
    ):
        statuses = [status for http in (first, second) * 3 for status in await asked(http, user, 1)]
    assert statuses == [404] * 4 + [429] * 2


async def test_only_accounts_with_a_limit_pay_a_statement_for_it(stack: Stack):
    limited, unlimited = await on_plan(stack, "standard"), await stack.user()
    await asked(stack.http, limited, 2)
    await asked(stack.http, unlimited, 2)
    async with stack.pool.connection() as conn:
        subjects = [f"account {user.id}" for user in (limited, unlimited)]
        cursor = await conn.execute("select subject from request_rates where subject = any(%s)", (subjects,))
        assert await cursor.fetchall() == [(subjects[0],)]


async def test_contacts_and_bytes_cost_too(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(RATE_CLASSES, "standard", Rate(0.01, burst=10))
    many, large, query = [await on_plan(stack, "standard") for _ in range(3)]
    files = [{"filename": "a.txt", "content_type": "text/plain", "content": "QUFB" * 80_000}]
    email = {"email": "ada@example.com", "subject": "Hi", "message": "Hi", "attachments": files}
    async with serve_api(stack.settings) as url, httpx.AsyncClient(base_url=url, timeout=30) as http:
        answer = await http.post("/api/sms/send", json={"contact": [SMS] * 700}, headers=many.headers)
        assert answer.status_code == 200, answer.text
        assert await asked(http, many, 3) == [404, 404, 429]  # 1 for the request, 7 for its contacts
        answer = await http.post("/api/email/send", json={"contact": [email]}, headers=large.headers)
        assert answer.status_code == 200, answer.text
        assert await asked(http, large, 6) == [404] * 5 + [429]  # 4 for its 312 KiB
        numbers = {"contacts": ",".join([SMS["number"]] * 300), "message": "Hi"}
        answer = await http.get("/api/sms/send", params=numbers, headers=query.headers)
        assert answer.status_code == 200, answer.text
        assert await asked(http, query, 7) == [404] * 6 + [429]


async def on_plan(stack: Stack, rate_class: str) -> User:
    user = await stack.user()
    plan = await plans.create(stack.pool, plans.NewPlan(name=f"fast {uuid4().hex}", rate_class=rate_class))
    await accounts.assign_plan(stack.pool, user.id, plan.name, uuid4())
    return user


@asynccontextmanager
async def api_without(settings: Settings, **closed: str) -> AsyncIterator[httpx.AsyncClient]:
    """An API whose database or Temporal is a port without a listener."""
    with free_socket() as nobody:
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        changed = settings.model_copy(update={name: form.format(address) for name, form in closed.items()})
        async with serve_api(changed) as url, httpx.AsyncClient(base_url=url, timeout=30) as http:
            yield http


def assert_away(answer: httpx.Response, part: str) -> None:
    assert part in assert_error(answer, 503, "unavailable")["message"]
    assert int(answer.headers["retry-after"]) >= 1


async def test_503_while_the_database_is_away(stack: Stack):
    user, admin = await stack.user(), await stack.admin()
    async with api_without(stack.settings, database_url="postgresql://x@{}/x") as http:
        answers = await asyncio.gather(
            http.post("/api/sms/send", json={"contact": [SMS]}, headers=user.headers),
            http.get(UNKNOWN, headers=user.headers),
            http.get("/api/admin/v1/sandbox/messages", headers=admin.headers),
        )
        for answer in answers:
            assert_away(answer, "database")
        health = await http.get("/health")
        assert (health.status_code, health.json()["failing"]) == (503, ["postgres", "worker"])
        assert int(health.headers["retry-after"]) >= 1


async def test_503_while_the_database_can_only_be_read(stack: Stack):
    user = await stack.user()
    read_only = stack.settings.database_session_url + "?options=-c%20default_transaction_read_only%3Don"
    async with serve_api(at(read_only, stack.settings)) as url, httpx.AsyncClient(base_url=url) as http:
        headers = user.headers | {"Idempotency-Key": uuid4().hex}
        assert_away(await http.post("/api/sms/send", json={"contact": [SMS]}, headers=headers), "database")


async def test_503_while_temporal_is_away(stack: Stack):
    user = await stack.user()
    async with api_without(stack.settings, temporal_address="{}") as http:
        answer = await http.post("/api/sms/send", json={"contact": [SMS]}, headers=user.headers)
        assert_away(answer, "Temporal")
        assert_away(await http.get(UNKNOWN, headers=user.headers), "Temporal")
        assert_away(await http.post(f"/api/sms/{uuid4()}/cancel", headers=user.headers), "Temporal")
        health = await http.get("/health")
        assert (health.status_code, health.json()["failing"]) == (503, ["temporal"])


async def test_a_recorded_message_is_readable_while_temporal_is_away(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    item = await send_one(stack, user)
    await stack.final(user, "sms", item["uid"])
    async with api_without(stack.settings, temporal_address="{}") as http:
        answer = await http.get(f"/api/get/sms/{item['uid']}", headers=user.headers)
        assert (answer.status_code, answer.json()["data"]["state"]) == (200, "sent")


async def test_a_key_with_a_refused_start_may_be_used_again_at_once(stack: Stack):
    user = await stack.user()
    headers = user.headers | {"Idempotency-Key": uuid4().hex}
    body = {"contact": [SMS]}
    async with api_without(stack.settings, temporal_address="{}") as http:
        assert_away(await http.post("/api/sms/send", json=body, headers=headers), "Temporal")
    answer = await stack.http.post("/api/sms/send", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


async def test_health_is_ok_while_everything_works(stack: Stack):
    answer = await stack.http.get("/health")
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "ok"
    assert answer.json()["parts"] == dict.fromkeys(("api", "postgres", "temporal", "worker"), "ok")


async def test_one_answer_is_lost_when_the_database_restarts_and_not_one_per_connection(stack: Stack):
    user = await stack.user()
    others, own = await backends(stack), at(stack.settings.database_session_url, stack.settings)
    async with serve_api(own) as url, httpx.AsyncClient(base_url=url, headers=user.headers) as http:
        await asyncio.gather(*(http.get(UNKNOWN) for _ in range(20)))
        async with stack.pool.connection() as conn:
            lost = list(await backends(stack) - others)
            await conn.execute("select pg_terminate_backend(pid) from unnest(%s::int[]) as pid", (lost,))
        statuses = [(await http.get(UNKNOWN)).status_code for _ in range(12)]
    assert statuses[0] == 503
    assert statuses[1:] == [404] * 11


async def backends(stack: Stack) -> set[int]:
    """The database's connections of all APIs."""
    async with stack.pool.connection() as conn:
        query = "select pid from pg_stat_activity where application_name = 'xsender-api'"
        return {pid for (pid,) in await (await conn.execute(query)).fetchall()}
