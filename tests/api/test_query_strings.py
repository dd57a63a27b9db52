"""Query strings that would be read as something else than was meant are refused, at every route that reads one."""

import pytest

from api.messages.models import SendAnswer
from tests.api.answers import SMS, assert_error, count_messages, deliveries
from tests.api.test_answer_models import fits
from tests.api.test_hostile_http import exchange
from tests.stack import Stack, User

SEND = "/api/sms/send?contacts=14155550123&message="
NOT_UTF8 = ["caf%E9", "%C0%80", "%ED%A0%80", "a%FF", "%F4%90%80%80"]


async def ready(stack: Stack) -> User:
    user = await stack.user(credit=10)
    await stack.gateway(user.id, "sms", "sandbox", {})
    return user


@pytest.mark.parametrize("text", NOT_UTF8)
async def test_a_text_that_is_not_utf8_is_not_sent(stack: Stack, text: str):
    user = await ready(stack)
    assert_error(await stack.http.get(SEND + text, headers=user.headers), 422, "query_encoding", "/message")
    assert await count_messages(stack, user) == 0


async def test_letters_that_are_not_percent_encoded_are_not_guessed_at(stack: Stack):
    user = await ready(stack)
    path = b"/api/sms/send?contacts=14155550123&message=caf\xc3\xa9"
    head = await exchange(stack, b"GET %s HTTP/1.1\r\nHost: x\r\nApi-key: %s\r\n\r\n" % (path, user.key.encode()))
    assert head.split()[1] in (b"400", b"422"), head
    assert await count_messages(stack, user) == 0


@pytest.mark.parametrize(
    ("written", "read"),
    [("caf%C3%A9", "café"), ("a+b%2Bc", "a b+c"), ("100%25", "100%"), ("50% off", "50% off"), ("%F0%9F%98%80", "😀")],
)
async def test_what_is_written_as_it_should_be_arrives(stack: Stack, written: str, read: str):
    user = await ready(stack)
    answer = await stack.http.get(SEND + written, headers=user.headers)
    fits(answer, SendAnswer)
    (item,) = answer.json()["data"]
    await stack.final(user, "sms", item["uid"])
    assert [one["body"] for one in await deliveries(stack, item["uid"])] == [read]


@pytest.mark.parametrize("more", ["message=Hi", "message=Ho", "m%65ssage=Ho", "schedule_at=&schedule_at=", "x=1&x=2"])
async def test_a_parameter_that_is_given_twice_is_refused(stack: Stack, more: str):
    user = await ready(stack)
    name = more.replace("%65", "e").partition("=")[0]
    assert_error(await stack.http.get(f"{SEND}Hi&{more}", headers=user.headers), 422, "query_repeated", f"/{name}")
    assert await count_messages(stack, user) == 0


async def test_contacts_may_be_given_several_times_and_add_up(stack: Stack):
    user = await ready(stack)
    url = f"{SEND}Hi&contacts=14155550124,14155550125&contacts=&contacts=14155550126"
    answer = await stack.http.get(url, headers=user.headers)
    assert [item["to"] for item in answer.json()["data"]] == [f"+1415555012{n}" for n in (3, 4, 5, 6)]
    url = f"{SEND}Hi" + f"&contacts={'1' * 15_000}" * 2
    assert_error(await stack.http.get(url, headers=user.headers), 422, "string_too_long", "/contacts")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        *[("/api/inbound", name) for name in ("sender", "channel", "cursor", "limit", "x")],
        *[("/api/batches", name) for name in ("state", "cursor", "limit")],
        *(("/api/gateways", "cursor"), ("/api/callbacks", "x"), ("/api/get/sms/x", "x")),
        *(("/api/batches/{id}/messages", "state"), ("/api/callbacks/{id}/deliveries", "state")),
    ],
)
async def test_so_it_is_at_every_other_route(stack: Stack, path: str, name: str):
    user = await stack.user()
    path = path.replace("{id}", "00000000-0000-0000-0000-000000000000")
    answer = await stack.http.get(f"{path}?{name}=%E9", headers=user.headers)
    assert_error(answer, 422, "query_encoding", f"/{name}")
    answer = await stack.http.get(f"{path}?{name}=1&{name}=2", headers=user.headers)
    assert_error(answer, 422, "query_repeated", f"/{name}")


async def test_so_it_is_for_admins(stack: Stack):
    admin = await stack.admin()
    answer = await stack.http.get("/api/admin/v1/sandbox/messages?limit=1&limit=2", headers=admin.headers)
    assert_error(answer, 422, "query_repeated", "/limit")


async def test_a_send_by_post_reads_none_and_so_is_not_held_to_it(stack: Stack):
    user = await ready(stack)
    answer = await stack.http.post("/api/sms/send?a=%E9&a=1&%FF", json={"contact": [SMS]}, headers=user.headers)
    fits(answer, SendAnswer)
    (warning,) = answer.json()["warnings"]
    assert [field["pointer"] for field in warning["fields"]] == ["/a", "/\ufffd"]


async def test_who_has_no_key_learns_nothing(stack: Stack):
    assert_error(await stack.http.get(f"{SEND}%E9"), 401, "unauthorized")
