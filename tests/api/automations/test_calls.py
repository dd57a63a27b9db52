"""Steps that call a URL: real servers, good, bad, slow and hostile ones, and what the run makes of their answers."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

import orjson
import pytest

from gateways.conformance.fake_provider import Reply, Request, answer, disconnect, drip, hang, serve
from gateways.webhooks.standard_webhooks import verify
from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.automations.automations import ada, call, data, entered, flow, holder, published, reaches, sms, texts
from tests.stack import Stack, User

HOST = "127.0.0.1"
ONCE = {"retry": {"max": 0}}
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOKEN = "Bearer tok-7f3c9a51"


@pytest.fixture
async def calling(own_stack: Stack) -> Stack:
    """An install that may call the servers of the test."""
    await (await admin(own_stack)).data("PATCH", "/settings", {"private_call_hosts": [HOST]})
    return own_stack


def json(value: object, status: int = 200) -> bytes:
    return answer(status, orjson.dumps(value), Content_Type="application/json")


def to(server: Any, path: str = "/x", **more: Any) -> dict[str, Any]:
    """A step that calls a server of the test."""
    return {"id": "crm", "kind": "call", "url": f"{server.url}{path}", **more}


async def ended(stack: Stack, user: User, *steps: dict[str, Any], **event: Any) -> dict[str, Any]:
    """A new run with these steps, once it has ended."""
    await published(stack, user, flow(*steps))
    return await reaches(stack, user, await entered(stack, user, await ada(stack, user), **event))


async def secret(stack: Stack, user: User, name: str, value: str, *hosts: str) -> None:
    await data(stack, user, "PUT", f"/secrets/{name}", {"value": value, "hosts": hosts})


async def test_an_answer_is_there_for_later_steps(calling: Stack):
    user = await holder(calling)
    branch = {
        "kind": "branch",
        "arms": [
            {
                "when": {
                    "all": [
                        {"field": "steps.crm.status", "op": "eq", "value": 201},
                        {"field": "steps.crm.body.plan", "op": "eq", "value": "gold"},
                    ]
                },
                "steps": [{"id": "a", **sms("{{ vars.lead }} {{ steps.crm.body.plan }}")}],
            }
        ],
    }
    async with serve(json({"id": "L7", "plan": "gold", "deep": [{"n": 3}]}, 201)) as server:
        step = to(
            server,
            "/leads/{{ event.order }}?who={{ contact.first_name }} B",
            headers={"X-Order": "{{ event.order }}"},
            body={"name": "{{ contact.first_name }}", "list": [1, "{{ event.order }}"]},
            save={"lead": "/id", "n": "/deep/0/n"},
        )
        found = await ended(calling, user, step, branch, order="A1")
    assert found["state"] == "completed", found
    assert found["vars"] == {"lead": "L7", "n": 3}
    assert found["answers"]["crm"]["status"] == 201
    assert await texts(calling, user, found) == ["L7 gold"]
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/leads/A1?who=Ada%20B")
    assert orjson.loads(request.body) == {"name": "Ada", "list": [1, "A1"]}
    assert (request.headers["x-order"], request.headers["content-type"]) == ("A1", "application/json")
    assert request.headers["webhook-id"] == request.headers["idempotency-key"]
    assert "webhook-signature" not in request.headers, "there is no secret to sign with"


async def _large(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n")
    for _ in range(160):
        writer.write(b"x" * 65536)
        await writer.drain()


@pytest.mark.parametrize(
    ("reply", "more", "code"),
    [
        (answer(404, b"no such lead"), {}, "call_status"),
        (answer(302, Location="http://127.0.0.1:1/"), {}, "call_status"),
        (json({}, 204), {"expect": {"status": [200]}}, "call_status"),
        (json({"other": 1}), {"save": {"lead": "/id"}}, "call_answer"),
        (answer(200, b"<p>no JSON"), {"save": {"lead": "/id"}}, "call_answer"),
        (answer(200, b'{"a": "\\u0000"}'), {"save": {"lead": "/a"}}, "call_answer"),
        (_large, {"save": {"lead": "/id"}}, "call_answer"),
        (hang, {"timeout": "1s"}, "call_timeout"),
        (drip, {"timeout": "1s"}, "call_timeout"),
        (disconnect, {}, "call_connection"),
        (b"SSH-2.0-OpenSSH\r\n", {}, "call_connection"),
    ],
)
async def test_a_bad_answer_fails_the_step_with_a_code(calling: Stack, reply: Reply | bytes, more: dict, code: str):
    user = await holder(calling)
    async with serve(reply) as server:
        found = await ended(calling, user, to(server, **({"retry": {"max": 0}} | more)), sms("never"))
    assert (found["state"], found["error"]["code"], found["error"]["step"]) == ("failed", code, "crm"), found
    assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [_large, answer(200, b"\x00\xff plain"), answer(200), json({"a": "\x00"})])
async def test_an_answer_of_which_nothing_is_saved_may_be_anything(calling: Stack, reply: Reply | bytes):
    user = await holder(calling)
    async with serve(reply) as server:
        found = await ended(calling, user, to(server), sms("{{ steps.crm.status }}"))
    assert await texts(calling, user, found) == ["200"], found


async def test_a_status_that_is_expected_is_good(calling: Stack):
    user = await holder(calling)
    async with serve(answer(404)) as server:
        found = await ended(calling, user, to(server, method="GET", expect={"status": [200, 404]}))
    assert (found["state"], found["steps"][0]["outcome"]["status"]) == ("completed", 404)


@pytest.mark.parametrize("host", ["localhost:8080", "169.254.169.254", "[::1]:8080", "127.0.0.2", "0x7f000001"])
async def test_private_addresses_are_refused_unless_the_admin_allows_the_host(calling: Stack, host: str):
    user = await holder(calling)
    step = {"kind": "call", "url": f"http://{host}/", **ONCE}
    found = await ended(calling, user, step)
    assert (found["state"], found["error"]["code"]) == ("failed", "call_refused_address"), found
    assert "127.0.0.1" not in found["error"]["message"]


async def test_no_event_chooses_the_host(calling: Stack):
    user = await holder(calling)
    draft = flow({"kind": "call", "url": "https://api.example.com{{ event.path }}"})
    await data(calling, user, "POST", "/automations", draft)
    refused = await call(calling, user, "POST", "/automations/welcome/publish")
    assert_error(refused, 422, "call_url", "/steps/0/url")


async def test_what_is_filled_into_a_url_stays_behind_the_host(calling: Stack):
    user = await holder(calling)
    async with serve(answer(200)) as server:
        found = await ended(calling, user, to(server, "/{{ event.path }}"), path="@evil.example/../x?y=#z")
        assert found["state"] == "completed", found
        again = flow(to(server, "/{{ event.path }}"), key="second")
        await published(calling, user, again)
        run = await entered(calling, user, await ada(calling, user, phone="+14155550199"), "second", path="a\r\nX: y")
        found = await reaches(calling, user, run)
    assert (found["state"], found["error"]["code"]) == ("failed", "call_url")
    assert len(server.requests) == 1


async def test_a_secret_goes_to_its_host_only_and_is_seen_nowhere(calling: Stack, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    user = await holder(calling)
    await secret(calling, user, "crm-token", TOKEN, HOST)
    await secret(calling, user, "signing", SIGNING)

    async def echo(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(json({"headers": request.headers, "token": TOKEN.split()[1]}))

    async with serve(echo) as server:
        step = to(server, headers={"Authorization": {"secret": "crm-token"}}, body={"a": 1}, save={"h": "/token"})
        found = await ended(calling, user, step, sms("{{ steps.crm.body.headers.authorization }} {{ vars.h }}"))
    assert found["state"] == "completed", found
    [request] = server.requests
    assert request.headers["authorization"] == TOKEN
    stamp = float(request.headers["webhook-timestamp"])
    assert verify(SIGNING, request.headers, request.body, stamp)
    listed = await call(calling, user, "GET", "/secrets")
    assert [(one["name"], one["hosts"]) for one in listed.json()["data"]] == [("crm-token", [HOST]), ("signing", [])]
    audit = await (await admin(calling)).call("GET", "/audit?limit=200")
    part = TOKEN.split()[1]
    for shown in (found, listed.text, audit.text, caplog.text, await _everything(calling)):
        assert part not in str(shown)
        assert SIGNING.removeprefix("whsec_") not in str(shown)


async def _everything(stack: Stack) -> str:
    """All rows of tables that could hold it."""
    found = ""
    async with stack.pool.connection() as conn:
        for table in (
            "account_secrets",
            "automation_calls",
            "automation_runs",
            "automation_steps",
            "audit_events",
            "request_log",
            "messages",
            "batch_pages",
        ):
            rows = await (await conn.execute(f"select t::text from {table} t")).fetchall()
            found += str(rows)
    return found


async def test_what_a_call_names_must_be_there_when_it_is_published(calling: Stack):
    user = await holder(calling)
    await secret(calling, user, "elsewhere", TOKEN, "api.example.org")
    url = "https://api.example.com/x"
    steps = [
        {"kind": "call", "url": url, "headers": {"Authorization": {"secret": "gone"}}},
        {"kind": "call", "url": url, "headers": {"Authorization": {"secret": "elsewhere"}}},
        {"kind": "call", "url": url, "headers": {"Host": "x", "Webhook-Id": "y"}},
        {"kind": "call", "url": url, "method": "GET", "body": {}},
        {"kind": "call", "url": "https://user:pass@api.example.com/"},
        {"kind": "call", "url": url, "sign": True},
    ]
    await data(calling, user, "POST", "/automations", flow(*steps))
    errors = (await call(calling, user, "POST", "/automations/welcome/publish")).json()["errors"]
    assert [(one["pointer"], one["code"]) for one in errors] == [
        ("/steps/0/headers/Authorization", "secret_unknown"),
        ("/steps/1/headers/Authorization", "secret_host"),
        ("/steps/2/headers/Host", "call_header"),
        ("/steps/2/headers/Webhook-Id", "call_header"),
        ("/steps/3/body", "call_body"),
        ("/steps/4/url", "call_url"),
        ("/steps/5/sign", "secret_unknown"),
    ]


async def test_a_secret_that_is_gone_by_then_fails_the_step(calling: Stack):
    user = await holder(calling)
    await secret(calling, user, "crm-token", TOKEN)
    async with serve(answer(200)) as server:
        step = to(server, headers={"Authorization": {"secret": "crm-token"}}, **ONCE)
        await published(calling, user, flow({"kind": "wait", "for": "1s"}, step))
        run = await entered(calling, user, await ada(calling, user))
        await data(calling, user, "DELETE", "/secrets/crm-token")
        found = await reaches(calling, user, run)
    assert (found["state"], found["error"]["code"], server.requests) == ("failed", "call_secret", [])


def _then(*replies: bytes) -> tuple[Reply, Callable[[], int]]:
    """One after the other, the last one for ever."""
    count = 0

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        writer.write(replies[min(count, len(replies) - 1)])
        count += 1

    return reply, lambda: count


async def test_a_call_that_fails_is_made_again_with_the_same_id(calling: Stack):
    user = await holder(calling)
    reply, _ = _then(answer(503), answer(429), json({"id": 1}))
    async with serve(reply) as server:
        step = to(server, retry={"max": 5, "backoff": "1s"}, save={"lead": "/id"})
        found = await ended(calling, user, step)
    assert (found["state"], found["vars"], found["tries"]) == ("completed", {"lead": 1}, 0), found
    assert [one["outcome"].get("try") for one in found["steps"]] == [1, 2, None]
    assert len({request.headers["webhook-id"] for request in server.requests}) == 1
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("rule", "state", "reason", "sent"),
    [
        ({"then": "stop"}, "failed", "call_status", []),
        ({"then": "skip"}, "completed", "completed", ["last 503"]),
        ({"then": "exit"}, "exited", "call_status", []),
        ({"then": "arm", "arm": [{"id": "e", **sms("sorry")}]}, "completed", "completed", ["sorry", "last 503"]),
    ],
)
async def test_when_no_try_helps_the_step_does_what_it_says(
    calling: Stack, rule: dict, state: str, reason: str, sent: list[str]
):
    user = await holder(calling)
    async with serve(answer(503)) as server:
        step = to(server, on_error=rule | {"retry": {"max": 1, "backoff": "1s"}})
        found = await ended(calling, user, step, sms("last {{ steps.crm.status }}"))
    assert (found["state"], found["reason"]) == (state, reason), found
    assert len(server.requests) == 2
    assert await texts(calling, user, found) == sent
    if state == "failed":
        assert found["tries"] == 2


async def test_what_no_other_try_can_mend_is_not_tried_again(calling: Stack):
    user = await holder(calling)
    async with serve(answer(400)) as server:
        found = await ended(calling, user, to(server))
    assert (found["state"], len(server.requests)) == ("failed", 1)


async def test_any_step_is_tried_again_if_its_author_wants_it(calling: Stack):
    user = await holder(calling)
    contact = await ada(calling, user)
    retry = {"settings": {"on_error": {"then": "stop", "retry": {"max": 3, "backoff": "2s"}}}}
    await published(calling, user, flow({"kind": "emit", "event": "a", "data": {"n": "{{ contact.colour }}"}}, **retry))
    run = await entered(calling, user, contact)
    found = await reaches(calling, user, run, "waiting")
    assert (found["tries"], found["step"], found["error"]) == (1, "s0", None)
    assert found["again_at"] == found["until"]
    await data(calling, user, "POST", "/contact-fields", {"key": "colour", "type": "text"})
    await data(calling, user, "PATCH", f"/contacts/{contact}", {"fields": {"colour": "red"}})
    found = await reaches(calling, user, run)
    assert (found["state"], found["tries"], found["again_at"]) == ("completed", 0, None)


async def test_a_silent_host_holds_up_nobody_else(calling: Stack):
    user, other = await holder(calling), await holder(calling)
    async with serve(hang) as silent, serve(answer(200)) as quick:
        slow = {"id": "slow", "kind": "call", "url": f"{silent.url}/", "timeout": "25s"}
        await published(calling, user, flow(slow))
        for number in range(40):
            contact = await ada(calling, user, phone=f"+141555502{number:02}")
            await entered(calling, user, contact)
        async with asyncio.timeout(10):
            while len(silent.requests) < 8:
                await asyncio.sleep(0.02)
        began = monotonic()
        found = await ended(calling, other, to(quick))
        assert found["state"] == "completed"
        own = flow(to(quick), key="second")
        await published(calling, user, own)
        run = await entered(calling, user, await ada(calling, user, phone="+14155550300"), "second")
        assert (await reaches(calling, user, run))["state"] == "completed"
        assert monotonic() - began < 20, "they came after the first of the silent ones was given up"
        assert len(silent.requests) == 8, "no more of an account to one host at a time"
        await data(calling, user, "POST", "/automations/welcome/archive")


async def test_a_patch_mends_a_url_for_those_inside(calling: Stack):
    user = await holder(calling)
    async with serve(answer(503)) as broken, serve(answer(200)) as good:
        retry = {"max": 5, "backoff": "2s"}
        await published(calling, user, flow(to(broken, retry=retry)))
        run = await entered(calling, user, await ada(calling, user))
        await reaches(calling, user, run, "waiting")
        await data(calling, user, "PUT", "/automations/welcome/draft", flow(to(good, retry=retry)))
        await data(calling, user, "POST", "/automations/welcome/publish", {"mode": "patch"})
        assert (await reaches(calling, user, run))["state"] == "completed"
        assert good.requests[0].headers["webhook-id"] == broken.requests[0].headers["webhook-id"]
