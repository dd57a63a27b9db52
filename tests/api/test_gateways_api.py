"""``/api/gateways``: who sees and steers what, how gateways are doing, test messages."""

from uuid import UUID, uuid4

import httpx
import pytest

from store.gateways import gateways
from store.gateways.gateway_shares import share
from tests.api.answers import SMS, assert_error, count_messages, deliveries
from tests.stack import Stack, User, serve_api

MODES = {"pause": "paused", "drain": "draining", "resume": "active"}


async def gateway(stack: Stack, owner: User, channel: str = "sms", **config: object) -> str:
    """The id of a new sandbox gateway."""
    identifier = await stack.gateway(owner.id, channel, "sandbox", config)
    (info,) = await gateways.named(stack.pool, owner.id, identifier, channel)
    return str(info.id)


async def shared(stack: Stack, owner: User, user: User) -> str:
    gateway_id = await gateway(stack, owner)
    await share(stack.pool, UUID(gateway_id), user.id)
    return gateway_id


async def listed(stack: Stack, user: User, **params: object) -> dict:
    answer = await stack.http.get("/api/gateways", headers=user.headers, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def health(stack: Stack, user: User, gateway_id: str) -> dict:
    answer = await stack.http.get(f"/api/gateways/{gateway_id}/health", headers=user.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def post(stack: Stack, user: User, gateway_id: str, what: str, **body: object) -> httpx.Response:
    return await stack.http.post(f"/api/gateways/{gateway_id}/{what}", headers=user.headers, json=body)


async def test_a_user_sees_its_own_and_shared_gateways_without_their_configuration(stack: Stack):
    user, other = await stack.user(), await stack.user()
    own = await gateway(stack, user, label="a-secret-label")
    of_admin, of_other = await shared(stack, await stack.admin(), user), await shared(stack, other, user)
    await gateway(stack, other)
    page = await listed(stack, user)
    assert [(entry["id"], entry["own"], entry["user_id"]) for entry in page["data"]] == [
        (own, True, user.id),
        (of_admin, False, None),
        (of_other, False, None),
    ]
    assert {(entry["mode"], entry["breaker"], entry["enabled"]) for entry in page["data"]} == {
        ("active", "closed", True)
    }
    assert "a-secret-label" not in str(page)
    first = await listed(stack, user, limit=2)
    rest = await listed(stack, user, limit=2, cursor=first["next_cursor"])
    assert first["data"] + rest["data"] == page["data"]
    assert rest["next_cursor"] is None


async def test_an_admin_sees_all_and_whose_they_are(stack: Stack):
    admin, user = await stack.admin(), await stack.user()
    theirs, own = await gateway(stack, user), await gateway(stack, admin)
    found: dict[str, dict] = {}
    cursor = None
    while cursor or not found:
        page = await listed(stack, admin, limit=500, **({"cursor": cursor} if cursor else {}))
        found |= {entry["id"]: entry for entry in page["data"]}
        cursor = page["next_cursor"]
    assert (found[theirs]["own"], found[theirs]["user_id"]) == (False, user.id)
    assert (found[own]["own"], found[own]["user_id"]) == (True, None)


@pytest.mark.parametrize("who", ["the owner", "an admin"])
async def test_its_owner_and_an_admin_steer_a_gateway(stack: Stack, who):
    user = await stack.user()
    gateway_id = await gateway(stack, user)
    key = user if who == "the owner" else await stack.admin()
    for what, mode in MODES.items():
        for _ in range(2):  # again is no error
            answer = await post(stack, key, gateway_id, what)
            assert answer.status_code == 200, answer.text
            assert answer.json()["data"]["mode"] == mode
            assert answer.json()["message"] == f"the gateway is {mode}"
        assert (await health(stack, user, gateway_id))["mode"] == mode


async def test_who_may_use_a_gateway_looks_at_it_and_does_not_touch_it(stack: Stack):
    owner, user = await stack.user(), await stack.user()
    gateway_id = await shared(stack, owner, user)
    assert (await health(stack, user, gateway_id))["mode"] == "active"
    for what in MODES:
        assert_error(await post(stack, user, gateway_id, what), 403, "gateway_not_yours")
    assert_error(await post(stack, user, gateway_id, "test", to="+14155550123"), 403, "gateway_not_yours")
    assert (await health(stack, owner, gateway_id))["mode"] == "active"


async def test_health_counts_exactly_what_was_sent(stack: Stack):
    user = await stack.user()
    gateway_id = await gateway(stack, user, timeout=0.1)
    numbers = ["+14155550123", "+14155550124", "+15005550001", "+15005550002", "+15005550003"]
    answer = await stack.send(user, "sms", *({**SMS, "number": number} for number in numbers))
    for item in answer.json()["data"]:
        await stack.final(user, "sms", item["uid"])
    found = await health(stack, user, gateway_id)
    counts = {"accepted": 3, "refused": 1, "retry_later": 0, "gateway_down": 2, "unknown": 1}
    assert found["last_15_minutes"] == {**counts, "error_rate": round(3 / 7, 4)}
    assert found["last_day"] == found["last_15_minutes"]
    assert found["last_accepted_at"] is not None
    assert found["last_receipt_at"] is None
    assert (found["id"], found["enabled"], found["breaker"]["state"]) == (gateway_id, True, "closed")


async def test_a_test_message_is_really_sent_outside_of_record_credit_and_counts(stack: Stack):
    user = await stack.user(credit=0)
    gateway_id = await gateway(stack, user)
    await post(stack, user, gateway_id, "pause")
    answer = await post(stack, user, gateway_id, "test", to="+1 415 555 0123")
    assert answer.status_code == 200, answer.text
    trial = answer.json()["data"]
    assert (trial["outcome"], trial["to"]) == ("accepted", "+14155550123")
    (delivered,) = await deliveries(stack, trial["uid"])
    assert delivered["to"] == "+14155550123"
    assert await count_messages(stack, user) == 0
    assert (await health(stack, user, gateway_id))["last_day"]["accepted"] == 0
    refused = (await post(stack, user, gateway_id, "test", to="+15005550001")).json()
    assert (refused["success"], refused["data"]["outcome"]) == (True, "refused")
    assert refused["data"]["code"] == "sandbox_refused"


async def test_a_test_message_of_an_email_gateway_goes_to_an_address(stack: Stack):
    user = await stack.user()
    gateway_id = await gateway(stack, user, "email")
    trial = (await post(stack, user, gateway_id, "test", to="ada@example.com")).json()["data"]
    assert (await deliveries(stack, trial["uid"]))[0]["to"] == "ada@example.com"
    assert_error(await post(stack, user, gateway_id, "test", to="+14155550123"), 422, "email_invalid", "/to")


async def test_a_test_does_not_wait_long_for_a_gateway_that_is_silent(stack: Stack, monkeypatch):
    monkeypatch.setattr("services.gateway_trial.TRIAL_SECONDS", 0.2)
    user = await stack.user()
    answer = await post(stack, user, await gateway(stack, user, timeout=60.0), "test", to="+15005550002")
    trial = answer.json()["data"]
    assert (trial["outcome"], trial["reason"]) == ("unknown", "no answer within 0.2 s")


@pytest.mark.parametrize("body", [{}, {"to": 14155550123}, {"to": ""}, {"to": "+14155550123", "body": "Hi"}])
async def test_a_test_without_a_recipient_is_refused(stack: Stack, body):
    user = await stack.user()
    answer = await post(stack, user, await gateway(stack, user), "test", **body)
    assert answer.status_code == 422


async def test_a_gateway_is_tested_a_few_times_a_minute(stack: Stack):
    user = await stack.user()
    gateway_id, other = await gateway(stack, user), await gateway(stack, user)
    answers = [await post(stack, user, gateway_id, "test", to="+14155550123") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 12
    assert (await post(stack, user, other, "test", to="+14155550123")).status_code == 200


async def test_all_processes_test_a_gateway_a_few_times_a_minute(stack: Stack):
    user = await stack.user()
    path, body = f"/api/gateways/{await gateway(stack, user)}/test", {"to": "+14155550123"}
    async with serve_api(stack.settings) as url, httpx.AsyncClient(base_url=url, headers=user.headers) as http:
        turns = [(http, {}), (stack.http, {"headers": user.headers})] * 3
        answers = [await client.post(path, json=body, **more) for client, more in turns]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]


async def test_a_gateway_whose_configuration_cannot_be_read_is_said_so(stack: Stack):
    user = await stack.user()
    gateway_id = await gateway(stack, user)
    async with stack.pool.connection() as conn:
        await conn.execute("update gateways set config = 'x' where id = %s", (gateway_id,))
    assert_error(await post(stack, user, gateway_id, "test", to="+14155550123"), 409, "gateway_unusable")


async def test_what_is_no_id_is_unknown(stack: Stack):
    user = await stack.user()
    for gateway_id in ("1", "main", str(uuid4())):
        assert (await post(stack, user, gateway_id, "pause")).status_code == 404
