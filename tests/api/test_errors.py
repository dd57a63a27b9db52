"""Every code of the error table, in its envelope, at its exact place."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from api.sending.large_bodies import LARGE_BODY
from api.server import server_config
from domain.access.api_keys import KeyKind, MintedKey, mint
from store.accounts import accounts, api_keys
from tests.api.answers import CONTACT, SMS, assert_error, raw_body
from tests.stack import Stack, User

LIMIT = LARGE_BODY


async def key_of(stack: Stack, user: User, **more: object) -> dict[str, str]:
    key = await api_keys.create(stack.pool, KeyKind.USER, user.id, **more)
    return {"Api-key": key.text}


async def test_400_for_what_is_not_json(stack: Stack):
    user = await stack.user()
    assert_error(await raw_body(stack, user, '{"contact": [}'), 400, "json_syntax")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Api-key": ""},
        {"Api-key": "secret"},
        {"Api-key": "xs_user_abc"},
        {"Api-key": "é" * 40},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer secret"},
        {"Authorization": "Digest x"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic é"},
        {"Authorization": "Basic /////w=="},
        {"Authorization": "Basic YTpi"},
    ],
    ids=str,
)
async def test_401_without_a_key(stack: Stack, headers):
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = await stack.http.post("/api/sms/send", json={"contact": [SMS]}, headers=raw)
    assert_error(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_401_for_a_key_that_nobody_has(stack: Stack):
    answer = await stack.send(User(0, mint(KeyKind.USER).text), "sms", SMS)
    assert_error(answer, 401, "unauthorized")


async def alter(stack: Stack, user: User, change: str, minted: MintedKey) -> None:
    async with stack.pool.connection() as conn:
        await conn.execute(
            f"update api_keys set {change} where account_id = %(account)s",
            {"id": minted.id, "hash": minted.hash, "account": user.id},
        )


@pytest.mark.parametrize("kind", list(KeyKind))
async def test_401_for_a_wrong_secret_or_a_swapped_kind(stack: Stack, kind):
    user = await stack.user()
    minted = mint(kind)
    wrong = "id = %(id)s" if kind is KeyKind.USER else "id = %(id)s, hash = %(hash)s"
    await alter(stack, user, wrong, minted)
    answer = await stack.send(User(user.id, minted.text), "sms", SMS)
    assert_error(answer, 401, "unauthorized")
    nobody = await stack.send(User(0, mint(kind).text), "sms", SMS)
    assert nobody.text == answer.text


async def test_401_for_a_revoked_and_for_an_expired_key(stack: Stack):
    user = await stack.user()
    revoked = await api_keys.create(stack.pool, KeyKind.USER, user.id)
    await api_keys.revoke(stack.pool, revoked.id)
    assert (
        "revoked" in assert_error(await stack.send(User(0, revoked.text), "sms", SMS), 401, "unauthorized")["message"]
    )
    expired = await api_keys.create(
        stack.pool, KeyKind.USER, user.id, expires_at=datetime.now(UTC) - timedelta(seconds=1)
    )
    assert (
        "expired" in assert_error(await stack.send(User(0, expired.text), "sms", SMS), 401, "unauthorized")["message"]
    )


@pytest.mark.parametrize("channel", ["sms", "email", "whatsapp"])
async def test_402_at_once_when_the_wallet_of_the_channel_is_empty(stack: Stack, channel):
    user = await stack.user(channels=tuple({"sms", "email", "whatsapp"} - {channel}))
    await stack.gateway(user.id, channel, "sandbox", {})
    body = assert_error(await stack.send(user, channel, CONTACT[channel]), 402, "no_credit")
    assert channel in body["message"]


async def test_403_for_a_missing_scope(stack: Stack):
    user = await stack.user()
    reader = await key_of(stack, user, scopes=["read"])
    sender = await key_of(stack, user, scopes=["send"])
    answer = await stack.http.post("/api/sms/send", json={"contact": [SMS]}, headers=reader)
    assert "'send'" in assert_error(answer, 403, "scope_missing")["message"]
    answer = await stack.http.get(f"/api/get/sms/{'0' * 32}", headers=sender)
    assert "'read'" in assert_error(answer, 403, "scope_missing")["message"]


async def test_403_for_a_suspended_account_until_it_is_resumed(stack: Stack):
    user = await stack.user()
    await accounts.suspend(stack.pool, user.id)
    assert_error(await stack.send(user, "sms", SMS), 403, "account_suspended")
    await accounts.resume(stack.pool, user.id)
    assert (await stack.send(user, "sms", SMS)).status_code == 200


async def test_403_from_an_address_that_is_not_on_the_keys_list(stack: Stack):
    user = await stack.user()
    for networks, status in (
        (["203.0.113.0/24"], 403),
        ([], 403),
        (["203.0.113.0/24", "127.0.0.0/8"], 200),
        (["127.0.0.1/32"], 200),
    ):
        headers = await key_of(stack, user, allowed_ips=[ip_network(n) for n in networks])
        answer = await stack.http.post("/api/sms/send", json={"contact": [SMS]}, headers=headers)
        assert answer.status_code == status, answer.text
        if status == 403:
            assert_error(answer, 403, "address_not_allowed")


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        ("203.0.113.9", 200),
        ("198.51.100.1, 203.0.113.9", 200),
        ("203.0.113.9, 198.51.100.1", 403),
        ("::ffff:203.0.113.9", 200),
        ("nonsense", 403),
        ("203.0.113.9:4711", 200),
    ],
)
async def test_behind_a_proxy_the_address_that_it_saw_counts(stack: Stack, forwarded, status):
    user = await stack.user()
    headers = await key_of(stack, user, allowed_ips=[ip_network("203.0.113.0/24")])
    answer = await stack.http.post(
        "/api/sms/send", json={"contact": [SMS]}, headers=headers | {"X-Forwarded-For": forwarded}
    )
    assert answer.status_code == status, answer.text


def test_an_api_that_would_believe_any_forwarded_address_does_not_start(stack: Stack, monkeypatch):
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "127.0.0.1,*")
    with pytest.raises(SystemExit, match="FORWARDED_ALLOW_IPS"):
        server_config(stack.settings)


async def test_403_for_a_user_key_on_an_admin_route(stack: Stack):
    user = await stack.user()
    answer = await stack.http.get("/api/admin/v1/sandbox/messages", headers=user.headers)
    assert_error(answer, 403, "scope_missing")


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/sms", "/api/sms/send/", "/api/get/sms", "/api//sms/send", "/api/webhook/pigeon/twilio"]
)
async def test_404_where_there_is_nothing(stack: Stack, path):
    user = await stack.user()
    assert_error(await stack.http.get(path, headers=user.headers), 404, "http_404")


@pytest.mark.parametrize("path", ["/api/get/pigeon/0198c7a4-0000-8000-8000-000000000000", "/api/get/SMS/x"])
async def test_404_for_a_channel_that_does_not_exist(stack: Stack, path):
    user = await stack.user()
    assert_error(await stack.http.get(path, headers=user.headers), 404, "channel_not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/webhook/meta/deauthorize"),
        ("PUT", "/api/sms/send"),
        ("DELETE", "/health"),
        ("GET", "/api/email/send"),
    ],
)
async def test_405_names_the_methods_that_there_are(stack: Stack, method, path):
    answer = await stack.http.request(method, path)
    assert_error(answer, 405, "http_405")
    assert method not in answer.headers["allow"]


async def test_413_for_a_body_beyond_the_limit_with_and_without_its_length(stack: Stack):
    user = await stack.user()
    body = b'{"contact": [' + b" " * LIMIT + b"]}"

    async def chunks():
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    headers = user.headers
    for content in (body, chunks()):
        answer = await stack.http.post("/api/sms/send", content=content, headers=headers)
        assert str(LIMIT) in assert_error(answer, 413, "too_large")["message"]


async def test_a_body_of_exactly_the_limit_is_read(stack: Stack):
    user = await stack.user()
    body = b'{"contact": []}'
    answer = await raw_body(stack, user, body + b" " * (LIMIT - len(body)))
    assert_error(answer, 422, "too_short", "/contact")


@pytest.mark.parametrize(
    ("contacts", "code", "pointers"),
    [
        ([SMS, {**SMS, "number": "x"}], "number_characters", ["/contact/1/number"]),
        ([{**SMS, "number": None}], "number_type", ["/contact/0/number"]),
        ([{**SMS, "number": True}], "number_type", ["/contact/0/number"]),
        ([{**SMS, "number": 1.5}], "number_type", ["/contact/0/number"]),
        ([{**SMS, "number": ["+14155550123"]}], "number_type", ["/contact/0/number"]),
        ([SMS, {"body": "Hi"}, {}], "missing", ["/contact/1/number", "/contact/2/number"]),
        ([{**SMS, "body": 5}], "string_type", ["/contact/0/body"]),
        ([{**SMS, "on_unknown": "maybe"}], "literal_error", ["/contact/0/on_unknown"]),
        ([{**SMS, "schedule_at": "tomorrow"}], "schedule_form", ["/contact/0/schedule_at"]),
        ([{**SMS, "schedule_at": "2999-01-01T00:00:00Z"}], "schedule_too_late", ["/contact/0/schedule_at"]),
        (["+14155550123"], "object_type", ["/contact/0"]),
        ([], "too_short", ["/contact"]),
        ({"number": "+14155550123"}, "list_type", ["/contact"]),
        (None, "list_type", ["/contact"]),
    ],
)
async def test_422_points_at_the_very_place(stack: Stack, contacts, code, pointers):
    user = await stack.user()
    answer = await stack.http.post("/api/sms/send", json={"contact": contacts}, headers=user.headers)
    assert_error(answer, 422, code, *pointers)


@pytest.mark.parametrize(("body", "code"), [("[]", "object_type"), ('"x"', "object_type"), ("null", "object_type")])
async def test_422_for_json_that_is_no_object(stack: Stack, body, code):
    user = await stack.user()
    assert "SmsSend" not in assert_error(await raw_body(stack, user, body), 422, code)["message"]


async def test_422_without_contacts(stack: Stack):
    user = await stack.user()
    assert_error(await raw_body(stack, user, "{}"), 422, "missing", "/contact")


async def test_422_lists_at_most_a_hundred_errors_and_says_that_there_are_more(stack: Stack):
    user = await stack.user()
    answer = await stack.send(user, "sms", *[{"number": "x", "body": "Hi"}] * 500)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 100
    assert "at least 99 more" in answer.json()["message"]


@pytest.mark.parametrize(
    ("query", "code", "pointers"),
    [
        ("", "missing", ["/contacts", "/message"]),
        ("contacts=%2B14155550123", "missing", ["/message"]),
        ("contacts=&message=Hi", "too_short", ["/contact"]),
        ("contacts=14155550123,x&message=Hi", "number_characters", ["/contact/1/number"]),
        ("contacts=%2B14155550123&message=a%00b", "json_text", ["/contact/0/message"]),
        ("contacts=%2B14155550123&message=Hi&gateway_identifier=%00", "json_text", ["/contact/0/gateway_identifier"]),
        ("contacts=%00&message=Hi", "json_text", ["/contact/0/number"]),
    ],
)
async def test_422_for_a_query_string(stack: Stack, query, code, pointers):
    user = await stack.user()
    assert_error(await stack.http.get(f"/api/sms/send?{query}", headers=user.headers), 422, code, *pointers)


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"limit": "0"}, "/limit"),
        ({"limit": "501"}, "/limit"),
        ({"limit": "x"}, "/limit"),
        ({"cursor": "-1"}, "/cursor"),
        ({"cursor": str(2**63)}, "/cursor"),
        ({"uid": "x"}, "/uid"),
    ],
)
async def test_422_for_the_parameters_of_a_list(stack: Stack, params, pointer):
    admin = await stack.admin()
    answer = await stack.http.get("/api/admin/v1/sandbox/messages", params=params, headers=admin.headers)
    body = answer.json()
    assert_error(answer, 422, body["errors"][0]["code"], pointer)


async def test_an_error_of_ours_shows_nothing_of_itself(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("api.sending.routes.accept_page", broken)
    user = await stack.user()
    answer = await stack.send(user, "sms", SMS, SMS)
    assert_error(answer, 500, "internal")
    assert "secret" not in answer.text


async def test_what_we_say_of_a_value_stands_for_itself(stack: Stack):
    admin = await stack.admin()
    config = {"host": "mail.example.com", "from_address": "a@example.com", "username": "me"}
    gateway = {"channel": "email", "type": "smtp", "identifier": "x", "config": config}
    refused = await stack.http.post("/api/admin/v1/gateways", json=gateway, headers=admin.headers)
    assert refused.status_code == 422
    assert [error["message"] for error in refused.json()["errors"]] == ["username and password belong together"]
    listed = await stack.http.get("/api/admin/v1/users?created_after=yesterday", headers=admin.headers)
    assert listed.status_code == 422
    assert not listed.json()["errors"][0]["message"].startswith("Value error")
