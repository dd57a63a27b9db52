"""Gateways over the admin API: added, changed and shared by staff, and what is sent through them then."""

import asyncio
import base64
from typing import Any
from uuid import uuid4

import pytest

from api.admin.models import NothingAnswer
from api.gateways import admin_models as models
from api.gateways.models import GatewayHealthAnswer, TrialAnswer
from gateways.conformance.fake_provider import FakeServer, answer, serve
from gateways.registry import GATEWAY_TYPES
from tests.api.admin import Staff, admin
from tests.api.answers import SMS, assert_error, send_one
from tests.api.test_admin_users import count
from tests.api.test_answer_models import fits
from tests.stack import Stack, User

SECRET = "Bearer sesame-open-1234"
OTHER = "Bearer pumpkin-shut-5678"
TABLES = ("gateways", "gateway_shares", "audit_events", "idempotency_keys")


@pytest.fixture
async def provider():
    """A provider that takes everything."""
    async with serve(answer(200)) as server:
        yield server


def http(server: FakeServer, secret: str = SECRET, path: str = "first") -> dict[str, Any]:
    return {
        "url": f"{server.url}/{path}",
        "headers": {"Authorization": secret},
        "body": {"to": "{{ to }}"},
        "allow_private_network": True,
    }


async def added(staff: Staff, type_: str = "sandbox", config: dict | None = None, **more: Any) -> dict[str, Any]:
    body = {"channel": "sms", "type": type_, "identifier": f"gw-{uuid4().hex}", "config": config or {}}
    return await staff.data("POST", "/gateways", body | more)


async def sender(stack: Stack) -> User:
    return await stack.user(channels=("sms",))


async def sent(stack: Stack, user: User, server: FakeServer, **fields: object) -> tuple[str, str]:
    """Send a message; returns the path and the credential that the provider got."""
    before = len(server.requests)
    item = await send_one(stack, user, **fields)
    await stack.final(user, "sms", item["uid"])
    (request,) = server.requests[before:]
    return request.target, request.headers["authorization"]


async def test_seed_row_add_or_edit_a_gateway_and_change_its_credentials(stack: Stack, provider: FakeServer):
    """The row of the page this product started from, over HTTP alone: each message uses what was set before it."""
    staff, user = await admin(stack), await sender(stack)
    gateway = await added(staff, "http", http(provider), share_with=user.id, rate="3000/min", priority=7)
    assert (gateway["owner"], gateway["shared_with"], gateway["per_second"]) == (None, [user.id], 50.0)
    path, name = f"/gateways/{gateway['id']}", {"gateway_identifier": gateway["identifier"]}
    assert await sent(stack, user, provider, **name) == ("/first", SECRET)

    await staff.data("PATCH", path, {"config": {"headers": {"Authorization": OTHER}}})
    assert await sent(stack, user, provider, **name) == ("/first", OTHER)
    moved = {"url": f"{provider.url}/second", "headers": {"Authorization": SECRET}}
    await staff.data("PATCH", path, {"config": moved})
    assert await sent(stack, user, provider, **name) == ("/second", SECRET)
    await staff.data("PATCH", path, {"identifier": "renamed", "rate": None})
    assert await sent(stack, user, provider, gateway_identifier="renamed") == ("/second", SECRET)
    assert_error(await stack.send(user, "sms", SMS | name), 404, "gateway_not_found", "/contact/0/gateway_identifier")


async def test_a_users_own_gateway_is_added_by_staff(stack: Stack, provider: FakeServer):
    staff, user = await admin(stack), await sender(stack)
    gateway = await added(staff, "http", http(provider), owner=user.id)
    assert gateway["owner"] == user.id
    assert await sent(stack, user, provider) == ("/first", SECRET)


async def test_a_share_counts_from_the_next_message_on(stack: Stack):
    staff, user = await admin(stack), await sender(stack)
    gateway = await added(staff)
    path, name = f"/gateways/{gateway['id']}/shares/{user.id}", {"gateway_identifier": gateway["identifier"]}
    unknown = 404, "gateway_not_found", "/contact/0/gateway_identifier"
    assert_error(await stack.send(user, "sms", SMS | name), *unknown)
    for _ in range(2):  # again is no error
        assert (await staff.data("PUT", path))["shared_with"] == [user.id]
    await stack.final(user, "sms", (await send_one(stack, user, **name))["uid"])
    assert (await staff.data("DELETE", path))["shared_with"] == []
    assert_error(await stack.send(user, "sms", SMS | name), *unknown)
    assert_error(await staff.call("DELETE", path), 404, "share_not_found")
    assert_error(await staff.call("PUT", f"/gateways/{gateway['id']}/shares/{2**62}"), 404, "account_not_found")
    assert_error(await staff.call("PUT", f"/gateways/{uuid4()}/shares/{user.id}"), 404, "gateway_not_found")


async def test_no_secret_comes_back_in_an_answer_an_event_an_error_or_a_log(stack: Stack, provider: FakeServer, capfd):
    staff, secrets = await admin(stack), {SECRET, OTHER}
    body = {"channel": "sms", "type": "http", "identifier": uuid4().hex, "config": http(provider)}
    key = uuid4().hex
    first = await staff.call("POST", "/gateways", body, Idempotency_Key=key)
    path = f"/gateways/{first.json()['data']['id']}"
    tested = await staff.call("POST", f"{path}/test", {"to": "+14155550123"})
    assert tested.json()["data"]["outcome"] == "accepted"
    seen = [
        first,
        tested,
        await staff.call("POST", "/gateways", body, Idempotency_Key=key),
        await staff.call("POST", "/gateways", body),
        await staff.call("POST", "/gateways", body | {"config": http(provider, f"{SECRET}\n")}),
        await staff.call("POST", "/gateways", body | {"config": http(provider) | {"headers": SECRET}}),
        await staff.call("PATCH", path, {"config": {"headers": {"Authorization": OTHER}}}),
        await staff.call("PATCH", path, {"config": {"headers": {"Authorization": [OTHER]}}}),
        await staff.call("PATCH", path, {"config": {"url": "https://example.com/elsewhere"}}),
        await staff.call("PATCH", path, {"config": OTHER}),
        await staff.call("GET", path),
        await staff.call("GET", "/gateways?type=http"),
        await staff.call("GET", "/gateways?type=http&format=csv"),
        await staff.call("GET", f"/audit?target=gateway:{first.json()['data']['id']}"),
    ]
    assert [reply.status_code for reply in seen] == [200, 200, 200, 409, 422, 422, 200, 422, 422, 422, *[200] * 4]
    for reply in seen:
        assert not [secret for secret in secrets if secret.split()[1] in reply.text], reply.text
    assert seen[10].json()["data"]["config"] == http(provider) | {"headers": {"Authorization": {"set": True}}}
    changed, _, created = seen[-1].json()["data"]
    assert changed["changes"] == [{"field": "config.headers", "from": None, "to": None}]
    assert {"config.headers", "config.url", "identifier"} <= {one["field"] for one in created["changes"]}
    logged = capfd.readouterr()
    assert not [secret for secret in secrets if secret.split()[1] in logged.out + logged.err]


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({}, {}),
        ({"body": {"to": "{{ to }}", "key": 1}}, {"body": {"to": "{{ to }}", "key": 1}}),
        ({"body": {"text": "{{ body }}"}}, {"body": {"to": "{{ to }}", "text": "{{ body }}"}}),
        ({"body": {"to": None, "n": [1, None]}}, {"body": {"n": [1, None]}}),
        ({"body": None}, {"body": ...}),
        ({"headers": {"X-More": "x"}}, {"headers": {"Authorization": {"set": True}, "X-More": {"set": True}}}),
        ({"headers": {"Authorization": None}}, {"headers": ...}),
        ({"headers": None}, {"headers": ...}),
        ({"timeout": 3, "method": "PUT"}, {"timeout": 3, "method": "PUT"}),
    ],
)
async def test_a_patch_merges_the_configuration(stack: Stack, provider: FakeServer, patch, expected):
    staff = await admin(stack)
    gateway = await added(staff, "http", http(provider))
    path, config = f"/gateways/{gateway['id']}", gateway["config"]
    wanted = {name: value for name, value in (config | expected).items() if value is not ...}
    changed = await staff.data("PATCH", path, {"config": patch})
    assert changed["config"] == wanted
    assert await staff.data("GET", path) == changed
    assert (changed["version"] > gateway["version"]) == (config != wanted)


@pytest.mark.parametrize(
    ("patch", "code", "pointer"),
    [
        ({"config": {"url": None, "headers": None}}, "missing", "/config/url"),
        ({"config": {"uri": "https://example.com"}}, "extra_forbidden", "/config/uri"),
        ({"config": {"timeout": 0, "method": "PUT"}}, "greater_than", "/config/timeout"),
        ({"config": {"headers": {"Authorization": {"set": True}}}}, "string_type", "/config/headers/Authorization"),
        ({"config": {"url": "https://example.com/"}}, "secret_needed", "/config/headers"),
        ({"config": {"allow_private_network": False}}, "secret_needed", "/config/headers"),
        (
            {"config": {"url": "https://example.com/", "headers": {"X-Other": "x"}}},
            "secret_needed",
            "/config/headers/Authorization",
        ),
        ({"config": None}, "dict_type", "/config"),
        ({"identifier": "a b"}, "identifier", "/identifier"),
        ({"identifier": None}, "string_type", "/identifier"),
        ({"rate": "fast"}, "rate", "/rate"),
        ({"priority": -1}, "priority", "/priority"),
        ({"priority": 2**40}, "priority", "/priority"),
        ({"on_unknown": "guess"}, "literal_error", "/on_unknown"),
        ({"type": "sandbox"}, "extra_forbidden", "/type"),
        ({"owner": 1}, "extra_forbidden", "/owner"),
        ({"config": {"method": "PUT"}, "priority": -1}, "priority", "/priority"),
    ],
)
async def test_a_wrong_change_is_refused_and_changes_nothing(stack: Stack, provider, patch, code, pointer):
    staff = await admin(stack)
    gateway = await added(staff, "http", http(provider), rate="5/s")
    path = f"/gateways/{gateway['id']}"
    events = await count(stack, "audit_events")
    assert_error(await staff.call("PATCH", path, patch), 422, code, pointer)
    assert await staff.data("GET", path) == gateway
    assert await count(stack, "audit_events") == events


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({"type": "pigeon"}, 422, "unknown_type", "/type"),
        ({"type": "smtp"}, 422, "wrong_channel", "/channel"),
        ({"channel": "fax"}, 422, "enum", "/channel"),
        ({"config": {"labl": "x"}}, 422, "extra_forbidden", "/config/labl"),
        ({"identifier": "a b"}, 422, "identifier", "/identifier"),
        ({"rate": "0/s"}, 422, "rate", "/rate"),
        ({"priority": -1}, 422, "priority", "/priority"),
        ({"owner": 0}, 422, "greater_than_equal", "/owner"),
        ({"owner": 2**62}, 404, "account_not_found", ""),
        ({"share_with": [2**62]}, 404, "account_not_found", ""),
    ],
)
async def test_a_wrong_gateway_is_refused_and_nothing_is_stored(stack: Stack, body, status, code, pointer):
    staff = await admin(stack)
    before = [await count(stack, table) for table in TABLES]
    new = {"channel": "sms", "type": "sandbox", "identifier": uuid4().hex} | body
    assert_error(await staff.call("POST", "/gateways", new), status, code, pointer)
    assert [await count(stack, table) for table in TABLES] == before


async def test_identifiers_that_others_have_are_refused(stack: Stack):
    staff = await admin(stack)
    first, second = await added(staff), await added(staff)
    body = {"channel": "sms", "type": "sandbox", "identifier": first["identifier"]}
    assert_error(await staff.call("POST", "/gateways", body), 409, "gateway_exists")
    rename = {"identifier": first["identifier"]}
    assert_error(await staff.call("PATCH", f"/gateways/{second['id']}", rename), 409, "gateway_exists")
    assert (await staff.data("POST", "/gateways", body | {"channel": "email"}))["channel"] == "email"


async def test_a_gateway_that_is_added_again_with_its_key_is_one(stack: Stack):
    staff, key = await admin(stack), uuid4().hex
    body = {"channel": "sms", "type": "sandbox", "identifier": uuid4().hex}
    replies = await asyncio.gather(*(staff.call("POST", "/gateways", body, Idempotency_Key=key) for _ in range(3)))
    replies.append(await staff.call("POST", "/gateways", body, Idempotency_Key=key))
    ids = {reply.json()["data"]["id"] for reply in replies if reply.status_code == 200}
    assert len(ids) == 1
    assert {reply.status_code for reply in replies} <= {200, 409}


async def test_a_change_of_what_somebody_else_has_changed_meanwhile_is_refused(stack: Stack):
    staff = await admin(stack)
    path = f"/gateways/{(await added(staff))['id']}"
    tag = (await staff.call("GET", path)).headers["ETag"]
    changed = await staff.call("PATCH", path, {"priority": 1}, If_Match=tag)
    assert (changed.status_code, changed.headers["ETag"] != tag) == (200, True)
    assert_error(await staff.call("PATCH", path, {"priority": 2}, If_Match=tag), 412, "changed_meanwhile")
    assert (await staff.data("GET", path))["priority"] == 1


async def test_changes_at_a_time_all_count(stack: Stack, provider: FakeServer):
    staff = await admin(stack)
    path = f"/gateways/{(await added(staff, 'http', http(provider)))['id']}"
    patches = [{"config": {"headers": {f"X-{number}": "x"}}} for number in range(8)]
    await asyncio.gather(*(staff.data("PATCH", path, patch) for patch in patches))
    headers = (await staff.data("GET", path))["config"]["headers"]
    assert headers.keys() == {"Authorization", *(f"X-{number}" for number in range(8))}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"channel": "sms", "type": "sandbox", "identifier": "dry"}),
        ("PATCH", "/{id}", {"config": {"label": "dry"}, "identifier": "dry", "enabled": False}),
        ("DELETE", "/{id}", None),
        ("PUT", "/{id}/shares/{user}", None),
        ("DELETE", "/{id}/shares/{shared}", None),
        ("POST", "/{id}/pause", None),
        ("POST", "/{id}/drain", None),
        ("POST", "/{id}/resume", None),
    ],
)
async def test_a_dry_run_answers_as_ever_and_writes_nothing(stack: Stack, method, path, body):
    staff, user, shared = await admin(stack), await sender(stack), await sender(stack)
    gateway = await added(staff, share_with=[shared.id])
    before = [await count(stack, table) for table in TABLES]
    for name, value in (("id", gateway["id"]), ("user", user.id), ("shared", shared.id)):
        path = path.replace("{" + name + "}", str(value))
    reply = await staff.call(method, f"/gateways{path}?dry_run=true", body, Idempotency_Key=uuid4().hex)
    assert (reply.status_code, reply.json()["dry_run"]) == (200, True), reply.text
    assert [await count(stack, table) for table in TABLES] == before
    assert await staff.data("GET", f"/gateways/{gateway['id']}") == gateway


async def test_an_operator_pauses_and_tests_gateways_and_does_not_edit_them(stack: Stack):
    owner, user = await admin(stack), await sender(stack)
    gateway = await added(owner)
    path, operator = f"/gateways/{gateway['id']}", await owner.colleague("operator")
    for what, mode in (("pause", "paused"), ("drain", "draining"), ("resume", "active")):
        for _ in range(2):  # again is no error
            changed = await operator.data("POST", f"{path}/{what}")
            assert (changed["mode"], changed["state"]) == (mode, mode)
    trial = await operator.data("POST", f"{path}/test", {"to": "+14155550123"})
    assert trial["outcome"] == "accepted"
    assert_error(await operator.call("POST", f"{path}/test", {"to": "12"}), 422, "number_invalid", "/to")
    assert (await operator.data("GET", path))["identifier"] == gateway["identifier"]
    for method, where, body in (
        ("PATCH", path, {"priority": 1}),
        ("POST", "/gateways", {}),
        ("DELETE", path, None),
        ("PUT", f"{path}/shares/{user.id}", None),
        ("DELETE", f"{path}/shares/{user.id}", None),
    ):
        assert_error(await operator.call(method, where, body), 403, "permission_missing")
    support = await owner.colleague("support")
    await support.data("GET", "/gateways")
    assert_error(await support.call("POST", f"{path}/pause"), 403, "permission_missing")
    actions = [event["action"] for event in await owner.data("GET", f"/audit?actor=staff:{operator.id}&outcome=ok")]
    assert actions[:2] == ["gateway.tested", "gateway.tested"]
    assert {"gateway.paused", "gateway.drained", "gateway.resumed"} <= set(actions)


async def test_a_gateway_is_tested_a_few_times_a_minute(stack: Stack):
    staff = await admin(stack)
    path = f"/gateways/{(await added(staff))['id']}/test"
    replies = [await staff.call("POST", path, {"to": "+14155550123"}) for _ in range(6)]
    assert [reply.status_code for reply in replies] == [200] * 5 + [429]


async def test_what_is_disabled_sends_nothing_until_it_is_enabled(stack: Stack):
    staff, user = await admin(stack), await sender(stack)
    gateway = await added(staff, share_with=[user.id])
    path = f"/gateways/{gateway['id']}"
    assert (await staff.data("PATCH", path, {"enabled": False}))["state"] == "disabled"
    failed = await stack.final(user, "sms", (await send_one(stack, user))["uid"])
    assert failed["state"] == "failed"
    assert (await staff.data("PATCH", path, {"enabled": True}))["state"] == "active"
    assert (await stack.final(user, "sms", (await send_one(stack, user))["uid"]))["state"] == "sent"


async def test_filters_narrow_a_list_and_pages_are_stable(stack: Stack):
    staff, user = await admin(stack), await sender(stack)
    sms = [await added(staff, owner=user.id) for _ in range(3)]
    email = await added(staff, owner=user.id, channel="email")
    await staff.data("POST", f"/gateways/{sms[0]['id']}/pause")
    await staff.data("PATCH", f"/gateways/{sms[1]['id']}", {"enabled": False})

    async def found(query: str) -> list[str]:
        return [gateway["id"] for gateway in await staff.data("GET", f"/gateways?owner={user.id}&{query}")]

    ids = [gateway["id"] for gateway in sms]
    assert await found("") == [email["id"], *ids[::-1]]
    assert await found("channel=email") == [email["id"]]
    assert await found("type=http") == []
    assert await found("state=paused") == [ids[0]]
    assert await found("state=paused&state=disabled") == [ids[1], ids[0]]
    assert {gateway["owner"] for gateway in await staff.data("GET", "/gateways?owner=admin&limit=200")} <= {None}
    seen, path = [], f"/gateways?owner={user.id}&limit=1"
    while path:
        page = (await staff.call("GET", path)).json()
        seen += [gateway["id"] for gateway in page["data"]]
        path = page["next_cursor"] and f"/gateways?owner={user.id}&limit=1&cursor={page['next_cursor']}"
    assert seen == [email["id"], *ids[::-1]]
    csv = (await staff.call("GET", f"/gateways?owner={user.id}&format=csv")).text
    assert len(csv.strip().splitlines()) == 5


@pytest.mark.parametrize(
    ("query", "code"),
    [("owner=0", "string_pattern_mismatch"), ("owner=me", "string_pattern_mismatch"), ("stat=paused", "query_unknown")],
)
async def test_a_query_that_would_be_misread_is_refused(stack: Stack, query, code):
    reply = await (await admin(stack)).call("GET", f"/gateways?{query}")
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (422, code)


HOSTILE: list[Any] = [
    None,
    True,
    -1,
    1.5,
    2**63 - 1,
    [],
    {},
    [[]],
    {"set": True},
    "x" * 5000,
    "",
    "a\nb",
    "%s",
    "\u202e",
]


@pytest.mark.parametrize("field", models.NewGateway.model_fields)
async def test_values_that_cannot_be_are_refused(stack: Stack, field):
    staff = await admin(stack)
    path = f"/gateways/{(await added(staff))['id']}"
    good = {"channel": "sms", "type": "sandbox", "identifier": uuid4().hex}
    for value in HOSTILE:
        replies = [
            await staff.call("POST", "/gateways?dry_run=true", good | {field: value}),
            await staff.call("PATCH", f"{path}?dry_run=true", {field: value}),
            await staff.call("PATCH", f"{path}?dry_run=true", {"config": {field: value, "label": value}}),
        ]
        assert {reply.status_code for reply in replies} <= {200, 404, 422}, (value, [reply.text for reply in replies])


@pytest.mark.parametrize("place", ["0.0", "x", "2026-01-01T00:00:00 x", "2026-01-01T00:00:00", "9" * 120])
async def test_a_forged_cursor_is_refused(stack: Stack, place):
    staff = await admin(stack)
    for _ in range(2):
        await added(staff)
    cursor = (await staff.call("GET", "/gateways?limit=1")).json()["next_cursor"]
    filters = base64.urlsafe_b64decode(cursor + "==").decode().partition(".")[0]
    forged = base64.urlsafe_b64encode(f"{filters}.{place}".encode()).decode().rstrip("=")
    assert_error(await staff.call("GET", f"/gateways?limit=1&cursor={forged}"), 422, "cursor", "/cursor")


async def test_a_configuration_that_does_not_open_is_said_so(stack: Stack):
    staff = await admin(stack)
    gateway = await added(staff)
    path = f"/gateways/{gateway['id']}"
    async with stack.pool.connection() as conn:
        await conn.execute("update gateways set config = 'x' where id = %s", (gateway["id"],))
    assert (await staff.data("GET", path))["config"] is None
    assert_error(await staff.call("PATCH", path, {"config": {}}), 409, "gateway_unusable")
    assert (await staff.data("PATCH", path, {"priority": 3}))["priority"] == 3


async def test_types_are_listed_for_forms(stack: Stack):
    types = await (await admin(stack)).data("GET", "/gateway-types")
    assert {entry["type"] for entry in types} == GATEWAY_TYPES.keys()
    assert len(types) == sum(len(entry.channels) for entry in GATEWAY_TYPES.values())
    twilio = next(entry for entry in types if entry["type"] == "twilio")
    assert (twilio["channel"], twilio["secrets"]) == ("sms", ["auth_token"])
    assert twilio["description"] == twilio["schema"]["description"]
    assert twilio["schema"]["properties"]["auth_token"]["writeOnly"] is True


async def test_answers_are_what_the_reference_says_of_them(stack: Stack):
    staff = await admin(stack)
    path = f"/gateways/{(await added(staff))['id']}"
    fits(await staff.call("GET", path), models.OneGateway)
    fits(await staff.call("PATCH", f"{path}?dry_run=true", {"priority": 1}), models.OneGateway)
    fits(await staff.call("GET", "/gateways?limit=1"), models.PageOfGateways)
    fits(await staff.call("GET", "/gateway-types"), models.TypesOfGateway)
    fits(await staff.call("GET", f"{path}/health"), GatewayHealthAnswer)
    fits(await staff.call("POST", f"{path}/test", {"to": "+14155550123"}), TrialAnswer)
    fits(await staff.call("DELETE", path), NothingAnswer)


async def test_a_gateway_that_is_not_there_is_not_found(stack: Stack):
    staff = await admin(stack)
    for where in ("main", str(uuid4())):
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {}),
            ("DELETE", "", None),
            ("POST", "/pause", None),
            ("POST", "/test", {"to": "+14155550123"}),
        ):
            assert_error(await staff.call(method, f"/gateways/{where}{path}", body), 404, "gateway_not_found")
