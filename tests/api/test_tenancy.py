"""No route shows or touches what is another tenant's. The routes are read from the app: a new one fails at first."""

import asyncio
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from domain.access.actors import COMMAND_LINE
from store.accounts import api_keys
from store.gateways import gateways
from store.links import link_domains
from store.operations import operations
from tests.api.access.routes import ALL, LOG_IN, OF_DEVICES, OPEN, SIGNED
from tests.api.answers import CONTACT, send_one
from tests.api.batches import get, send_batch, steer, until
from tests.receiver import receiving, register
from tests.stack import Stack, User

LATER = {"schedule_at": "2020-01-01T00:00:00Z"}


@dataclass(frozen=True)
class Call:
    """How a route is called with an id in it; ``{channel}`` and ``{id}`` are filled in."""

    route: str
    path: str
    body: dict | None = None
    params: dict[str, str] | None = None


def send_call(channel: str) -> Call:
    named = CONTACT[channel] | {"gateway_identifier": "{gateway}"}
    return Call(f"POST /api/{channel}/send", f"/api/{channel}/send", {"contact": [named]})


def query_call(channel: str) -> Call:
    params = {"contacts": "14155550123", "message": "Hi", "gateway_identifier": "{gateway}"}
    return Call(f"GET /api/{channel}/send", f"/api/{channel}/send", params=params)


# Every route by which a tenant can name something of another's.
WITH_IDS = [
    Call("GET /api/get/{channel}/{uid}", "/api/get/{channel}/{uid}"),
    Call("GET /api/sms/get/{uid}", "/api/sms/get/{uid}"),
    Call("GET /api/failures/{uid}", "/api/failures/{uid}"),
    Call("POST /api/{channel}/{uid}/cancel", "/api/{channel}/{uid}/cancel"),
    Call("POST /api/{channel}/{uid}/reschedule", "/api/{channel}/{uid}/reschedule", LATER),
    *(send_call(channel) for channel in CONTACT),
    *(query_call(channel) for channel in ("sms", "whatsapp")),
]

LISTS = {
    "GET /api/attention",
    "GET /api/batches",
    "GET /api/callbacks",
    "GET /api/domains",
    "GET /api/link-domains",
    "GET /api/operations",
    "GET /api/link-settings",
    "PUT /api/link-settings",
    "GET /api/failures",
    "POST /api/replay",
    "GET /api/messages",
    "GET /api/gateways",
    "GET /api/gateway-types",
    "GET /api/keys",
    "GET /api/inbound",
    "GET /api/inbound/keywords",
    "PUT /api/inbound/keywords",
    "GET /api/usage",
    "GET /api/reputation",
    "GET /api/requests",
    "GET /api/credits",
    "GET /api/credits/alerts",
    "PUT /api/credits/alerts",
    "GET /api/credits/requests",
    "GET /api/journal",
}
CREATES = {
    "POST /api/gateways",
    "POST /api/keys",
    "POST /api/callbacks",
    "POST /api/domains",
    "POST /api/link-domains",
    "POST /api/credits/requests",
    "POST /api/export",
}
SWITCHED = {"gateway_identifier": "default_gateway"}
OF_BATCHES = [
    Call("GET /api/batches/{uid}", "/api/batches/{batch}"),
    Call("GET /api/batches/{uid}/messages", "/api/batches/{batch}/messages"),
    Call("POST /api/batches/{uid}/pause", "/api/batches/{batch}/pause"),
    Call("POST /api/batches/{uid}/resume", "/api/batches/{batch}/resume"),
    Call("POST /api/batches/{uid}/cancel", "/api/batches/{batch}/cancel"),
    Call("POST /api/batches/{uid}/switch-gateway", "/api/batches/{batch}/switch-gateway", SWITCHED),
]

OF_OWN = {
    "GET /api/operations/{operation}/result",
    *(f"{method} /api/gateways/{{gateway_id}}" for method in ("GET", "PATCH", "DELETE")),
    *(f"{method} /api/gateways/{{gateway_id}}/warm-up" for method in ("PUT", "DELETE")),
    *(f"POST /api/keys/{{key}}/{what}" for what in ("roll", "revoke")),
    *(f"{method} /api/sample-data" for method in ("GET", "POST", "DELETE")),
    "GET /api/templates",
    *(f"{method} /api/templates/{{template}}" for method in ("GET", "PUT")),
    *(f"GET /api/templates/{{template}}/{what}" for what in ("versions", "versions/{version}", "diff")),
    *(f"POST /api/templates/{{template}}/{what}" for what in ("publish", "archive", "restore", "preview")),
    *(f"POST /api/templates/{{template}}/test/{channel}" for channel in CONTACT),
    *(f"{method} /api/{what}" for method in ("GET", "POST") for what in ("purposes", "consents", "suppressions")),
    *(f"POST /api/{what}/import" for what in ("consents", "suppressions")),
    "PUT /api/suppressions",
    "POST /api/subscribe",
    "GET /api/subscribe/texts",
    *(f"{method} /api/subscribe/texts/{{channel}}" for method in ("PUT", "DELETE")),
    "POST /api/suppressions/remove",
    "POST /api/contacts/import",
    "GET /api/contacts/export",
    *(f"{method} /api/purposes/{{purpose}}" for method in ("GET", "PATCH", "DELETE")),
    *(f"{method} /api/segments" for method in ("GET", "POST")),
    *(f"{method} /api/segments/{{segment}}" for method in ("GET", "PATCH", "DELETE")),
    "POST /api/segments/count",
    "GET /api/whatsapp/templates",
    "POST /api/whatsapp/templates/sync",
    *(f"{method} /api/guards" for method in ("GET", "PATCH")),
    "GET /api/guards/refusals",
    *(f"{method} /api/campaigns" for method in ("GET", "POST")),
    *(f"{method} /api/campaigns/{{campaign}}" for method in ("GET", "PATCH", "DELETE")),
    *(f"GET /api/campaigns/{{campaign}}/{what}" for what in ("runs", "results", "left-out")),
    *(
        f"POST /api/campaigns/{{campaign}}/{what}"
        for what in ("forecast", "start", "pause", "resume", "cancel", "approve", "switch-gateway")
    ),
    "POST /api/events",
    *(f"{method} /api/{kind}" for method in ("GET", "POST") for kind in ("automations", "hooks")),
    *(
        f"GET /api/automations{path}"
        for path in ("/schema", "/attention", "/starters", "/starters/{starter}", "/{automation}")
    ),
    "POST /api/automations/simulate",
    "POST /api/email/estimate",
    "POST /api/sms/estimate",
    "POST /api/whatsapp/estimate",
    *(f"GET /api/automations/{{automation}}/{what}" for what in ("versions", "runs", "entries", "inside")),
    *(f"GET /api/automations/{{automation}}/{what}" for what in ("failures", "counts", "retries", "retries/{retry}")),
    *(f"POST /api/automations/{{automation}}/{what}" for what in ("retry", "retries/{retry}/stop")),
    *(f"{method} /api/automations/{{automation}}/draft" for method in ("PUT", "POST", "DELETE")),
    *(f"GET /api/automations/{{automation}}/{what}" for what in ("definition", "diff", "versions/{version}")),
    *(f"POST /api/automations/{{automation}}/{what}" for what in ("publish", "pause", "resume", "archive", "runs")),
    "GET /api/runs/{run}",
    "GET /api/secrets",
    *(f"{method} /api/secrets/{{secret}}" for method in ("PUT", "DELETE")),
    "GET /api/hooks/presets",
    *(f"{method} /api/hooks/{{hook}}" for method in ("GET", "PATCH", "DELETE")),
    *(f"POST /api/hooks/{{hook}}/{what}" for what in ("rotate", "rotate-secret", "try", "suggest")),
    "GET /api/hooks/{hook}/samples",
    *(f"{method} /api/devices/tokens" for method in ("GET", "POST")),
    "DELETE /api/devices/tokens/{device_token}",
    "GET /api/devices",
    *(f"{method} /api/devices/{{device}}" for method in ("GET", "PATCH")),
    *(f"POST /api/devices/{{device}}/{what}" for what in ("revoke", "pair")),
    *(f"{method} /api/devices/{{device}}/sims/{{sim}}" for method in ("GET", "PATCH")),
    *(f"{method} /api/lead-sources" for method in ("GET", "POST")),
    *(f"{method} /api/lead-sources/{{source}}" for method in ("GET", "PATCH", "DELETE")),
    *(f"POST /api/lead-sources/{{source}}/{what}" for what in ("park", "resume", "backfill", "import")),
    "GET /api/lead-sources/{source}/speed",
    *(f"POST /api/lead-sources/{{source}}/{what}" for what in ("park", "resume", "backfill", "check", "preview")),
    *("GET /api/leads", "GET /api/leads/{id}", "POST /api/leads/{lead}/replay", "POST /api/leads/replay"),
    *(f"POST /api/runs/{{run}}/{what}" for what in ("retry", "exit", "move", "skip", "replay")),
    "GET /api/segments/{segment}/contacts",
    "GET /api/segments/{segment}/explain/{contact}",
    *(f"{method} /api/contacts" for method in ("GET", "POST")),
    *(f"{method} /api/contacts/{{contact}}" for method in ("GET", "PATCH", "DELETE")),
    *(f"GET /api/contacts/{{contact}}/{what}" for what in ("messages", "events")),
    *(f"POST /api/contacts/{what}" for what in ("bulk", "{contact}/merge", "{contact}/tags")),
    "PUT /api/contacts/by-external-id/{external_id}",
    "POST /api/persons/export",
    *(f"{method} /api/persons/erasures" for method in ("GET", "POST")),
    "GET /api/persons/erasures/{erasure}",
    *(f"{method} /api/{kind}" for method in ("GET", "POST") for kind in ("groups", "contact-fields")),
    *(f"{method} /api/groups/{{group}}" for method in ("GET", "PATCH", "DELETE")),
    *(f"POST /api/groups/{{group}}/{what}" for what in ("add", "remove")),
    *(f"{method} /api/contact-fields/{{field}}" for method in ("GET", "PATCH", "DELETE")),
}
"""They need scopes that a usual key has not, or files: see test_own_keys.py, test_own_gateways.py,
test_leaving_users.py, consent/, contacts/, segments/, campaigns/, events/, templates/, automations/, persons/,
tests/guards."""

LONG_AGO = {"since": "2020-01-01T00:00:00Z"}
OF_CALLBACKS = [
    Call("GET /api/callbacks/{callback}", "/api/callbacks/{callback}"),
    Call("PATCH /api/callbacks/{callback}", "/api/callbacks/{callback}", {"enabled": False}),
    Call("DELETE /api/callbacks/{callback}", "/api/callbacks/{callback}"),
    Call("POST /api/callbacks/{callback}/rotate", "/api/callbacks/{callback}/rotate", {"overlap_hours": 0}),
    Call("POST /api/callbacks/{callback}/test", "/api/callbacks/{callback}/test"),
    Call("GET /api/callbacks/{callback}/deliveries", "/api/callbacks/{callback}/deliveries"),
    Call("POST /api/callbacks/{callback}/replay", "/api/callbacks/{callback}/replay", LONG_AGO),
    Call(
        "POST /api/callbacks/{callback}/deliveries/{delivery}/replay",
        "/api/callbacks/{callback}/deliveries/{delivery}/replay",
    ),
]
OF_OPERATIONS = [
    Call("GET /api/operations/{operation}", "/api/operations/{operation}"),
    Call("POST /api/operations/{operation}/cancel", "/api/operations/{operation}/cancel"),
]
OF_DOMAINS = [
    Call("GET /api/domains/{domain}", "/api/domains/{domain}"),
    Call("DELETE /api/domains/{domain}", "/api/domains/{domain}"),
    Call("POST /api/domains/{domain}/check", "/api/domains/{domain}/check"),
    Call("POST /api/domains/{domain}/rotate-key", "/api/domains/{domain}/rotate-key"),
    Call("PUT /api/domains/{domain}/warm-up", "/api/domains/{domain}/warm-up", {"ladder": "email"}),
    Call("DELETE /api/domains/{domain}/warm-up", "/api/domains/{domain}/warm-up"),
]
OF_LINK_DOMAINS = [
    Call("GET /api/link-domains/{link_domain}", "/api/link-domains/{link_domain}"),
    Call("DELETE /api/link-domains/{link_domain}", "/api/link-domains/{link_domain}"),
    Call("POST /api/link-domains/{link_domain}/check", "/api/link-domains/{link_domain}/check"),
]
OF_GATEWAYS = [
    Call("GET /api/gateways/{gateway_id}/health", "/api/gateways/{gateway}/health"),
    Call("POST /api/gateways/{gateway_id}/pause", "/api/gateways/{gateway}/pause"),
    Call("POST /api/gateways/{gateway_id}/drain", "/api/gateways/{gateway}/drain"),
    Call("POST /api/gateways/{gateway_id}/resume", "/api/gateways/{gateway}/resume"),
    Call("POST /api/gateways/{gateway_id}/test", "/api/gateways/{gateway}/test", {"to": "+14155550123"}),
]


def test_every_route_of_users_is_covered_here():
    with_ids = OF_OWN | {
        call.route
        for group in (WITH_IDS, OF_BATCHES, OF_CALLBACKS, OF_DOMAINS, OF_LINK_DOMAINS, OF_GATEWAYS, OF_OPERATIONS)
        for call in group
    }
    assert sorted(route.name for route in ALL if route.scopes) == sorted({*LISTS, *CREATES, *with_ids})


def filled(path: str) -> str:
    path = path.replace("{channel:channel}", "{channel}").replace("{channel}", "sms")
    for name in ("{uid}", "{callback}", "{delivery}", "{gateway_id}", "{operation}"):
        path = path.replace(name, str(uuid4()))
    return path


@pytest.mark.parametrize("route", sorted(SIGNED - {"GET /o/{token}.gif"}))  # mails never show a broken image
async def test_routes_of_providers_and_recipients_believe_nobody_without_a_signature(stack: Stack, route):
    method, path = route.split(" ")
    answer = await stack.http.request(method, filled(path).replace("{provider}", "twilio"), json={})
    assert answer.status_code in (401, 403, 404), answer.text


@pytest.mark.parametrize("route", sorted(OF_DEVICES))
async def test_routes_of_phones_believe_nobody_without_a_session(stack: Stack, route):
    method, path = route.split(" ")
    for headers in ({}, (await stack.admin()).headers, {"Authorization": f"Bearer xsd_{'0' * 43}"}):
        answer = await stack.http.request(method, path, headers=headers, json={})
        assert answer.status_code == 401, answer.text


@pytest.mark.parametrize("route", sorted(OPEN))
async def test_public_routes_want_none(stack: Stack, route):
    method, path = route.split(" ")
    answer = await stack.http.request(
        method, filled(path).replace("{direction}", "decode").replace("{name}", "start.js")
    )
    assert answer.status_code in (200, 204, 302)


@pytest.mark.parametrize("route", sorted(LOG_IN))
async def test_log_in_believes_nobody_without_a_password_or_a_token(stack: Stack, route):
    method, path = route.split(" ")
    body = {"email": "nobody@example.com", "password": "a wrong guess"}
    if not path.endswith("/login"):
        body = {"token": "xs_once_none", "password": "correct horse battery"}
    if path.endswith("/setup"):
        body |= {"email": "nobody@example.com", "name": "Nobody"}
    if path.endswith("/forgot"):  # is answered the same, whoever asks
        return
    answer = await stack.http.request(method, path, json=body)
    assert answer.status_code in (401, 404, 409, 422), answer.text


async def call(stack: Stack, user: User, planned: Call, channel: str, ids: dict[str, str]) -> httpx.Response:
    def fill(value: object) -> object:
        if isinstance(value, str):
            for name, identifier in ids.items():
                value = value.replace("{" + name + "}", identifier)
            return value
        if isinstance(value, dict):
            return {name: fill(part) for name, part in value.items()}
        return [fill(part) for part in value] if isinstance(value, list) else value

    method, _ = planned.route.split(" ")
    path = str(fill(planned.path)).replace("{channel}", channel)
    return await stack.http.request(
        method, path, headers=user.headers, json=fill(planned.body) or {}, params=fill(planned.params)
    )


@pytest.mark.parametrize("channel", list(CONTACT))
@pytest.mark.parametrize("planned", WITH_IDS, ids=lambda planned: planned.route)
@pytest.mark.parametrize("owner", ["another user", "the admin"])
async def test_anothers_id_is_as_unknown_as_one_that_never_was(stack: Stack, planned, channel, owner):
    user = await stack.user()
    theirs = await stack.user() if owner == "another user" else await stack.admin()
    ids = {"gateway": await stack.gateway(theirs.id, planned_channel(planned, channel), "sandbox", {})}
    unknown = {"gateway": f"none-{uuid4().hex[:8]}", "uid": str(uuid4())}
    waiting = await send_one(stack, theirs, channel, schedule_at="2027-01-01T00:00:00Z")
    sent = await send_one(stack, theirs, channel)
    await stack.final(theirs, channel, sent["uid"])
    refused = await call(stack, user, planned, channel, unknown)
    assert refused.status_code == 404, refused.text
    for uid in (waiting["uid"], sent["uid"]):
        answer = await call(stack, user, planned, channel, ids | {"uid": uid})
        assert answer.status_code == 404, answer.text
        assert answer.text.replace(ids["gateway"], unknown["gateway"]) == refused.text
        assert dict(answer.headers).keys() == dict(refused.headers).keys()
    assert (await stack.status(theirs, channel, waiting["uid"]))["state"] == "scheduled"
    assert "{gateway}" in str(planned) or "{uid}" in str(planned)


def planned_channel(planned: Call, channel: str) -> str:
    return planned.path.split("/")[2] if planned.path.endswith("/send") else channel


@pytest.mark.parametrize("owner", ["another user", "the admin"])
async def test_anothers_batch_is_as_unknown_as_one_that_never_was(stack: Stack, owner):
    user = await stack.user()
    theirs = await stack.user() if owner == "another user" else await stack.admin()
    batch = (await send_batch(stack, theirs, 501, schedule_at="2027-01-01T00:00:00Z"))["batch"]
    for planned in OF_BATCHES:
        refused = await call(stack, user, planned, "sms", {"batch": str(uuid4())})
        assert refused.status_code == 404, refused.text
        answer = await call(stack, user, planned, "sms", {"batch": batch})
        assert (answer.status_code, answer.text) == (404, refused.text)
        assert dict(answer.headers).keys() == dict(refused.headers).keys()
    data = await until(stack, theirs, batch, lambda data: data["state"] == "scheduled")
    assert data["counts"] == {"scheduled": 501}
    for key in (user, await stack.admin()):
        listed = [entry["uid"] for entry in (await get(stack, key, "", limit=500))["data"]]
        assert (batch in listed) == (key.id == theirs.id)
    assert (await steer(stack, theirs, batch, "cancel")).status_code == 200


@pytest.mark.parametrize("owner", ["another user", "the admin"])
async def test_anothers_callback_endpoint_is_as_unknown_as_one_that_never_was(stack: Stack, owner):
    user = await stack.user()
    theirs = await stack.user() if owner == "another user" else await stack.admin()
    async with receiving() as receiver:
        endpoint = await register(stack.pool, stack.keyring, theirs.id, receiver.url, "message.read")
        path = f"/api/callbacks/{endpoint.id}"
        delivery = (await stack.http.post(f"{path}/test", headers=theirs.headers)).json()["data"]["id"]
        await receiver.hears(1)
        ids = {"callback": str(endpoint.id), "delivery": delivery}
        for planned in OF_CALLBACKS:
            refused = await call(stack, user, planned, "sms", ids | {"callback": str(uuid4())})
            assert refused.status_code == 404, refused.text
            answer = await call(stack, user, planned, "sms", ids)
            assert (answer.status_code, answer.text) == (404, refused.text)
            assert dict(answer.headers).keys() == dict(refused.headers).keys()
        own = await register(stack.pool, stack.keyring, user.id, receiver.url, "message.read")
        foreign = await call(stack, user, OF_CALLBACKS[-1], "sms", {"callback": str(own.id), "delivery": delivery})
        assert foreign.status_code == 404, foreign.text
    shown = (await stack.http.get(path, headers=theirs.headers)).json()["data"]
    assert (shown["enabled"], shown["failing_since"]) == (True, None)
    assert len((await stack.http.get(f"{path}/deliveries", headers=theirs.headers)).json()["data"]) == 1
    for key in (user, await stack.admin()):
        listed = (await stack.http.get("/api/callbacks", headers=key.headers)).json()["data"]
        assert (str(endpoint.id) in [entry["id"] for entry in listed]) == (key.id == theirs.id)
    assert (await stack.http.delete(path, headers=theirs.headers)).status_code == 200


@pytest.mark.parametrize("owner", ["another user", "the admin"])
async def test_anothers_gateway_is_as_unknown_as_one_that_never_was(stack: Stack, owner):
    user = await stack.user()
    theirs = await stack.user() if owner == "another user" else await stack.admin()
    identifier = await stack.gateway(theirs.id, "sms", "sandbox", {})
    (gateway,) = await gateways.named(stack.pool, theirs.id, identifier)
    for planned in OF_GATEWAYS:
        refused = await call(stack, user, planned, "sms", {"gateway": str(uuid4())})
        assert refused.status_code == 404, refused.text
        answer = await call(stack, user, planned, "sms", {"gateway": str(gateway.id)})
        assert (answer.status_code, answer.text) == (404, refused.text)
        assert dict(answer.headers).keys() == dict(refused.headers).keys()
    assert (await gateways.get(stack.pool, gateway.id)).version == gateway.version
    listed = await stack.http.get("/api/gateways", headers=user.headers)
    assert listed.json()["data"] == []


@pytest.mark.parametrize("owner", ["another user", "the admin"])
async def test_anothers_operation_is_as_unknown_as_one_that_never_was(stack: Stack, owner):
    user = await stack.user()
    theirs = await stack.user() if owner == "another user" else await stack.admin()
    begun = await operations.add(stack.pool, "test", COMMAND_LINE, {}, theirs.id or None, theirs.id)
    for planned in OF_OPERATIONS:
        refused = await call(stack, user, planned, "sms", {"operation": str(uuid4())})
        assert refused.status_code == 404, refused.text
        answer = await call(stack, user, planned, "sms", {"operation": str(begun.id)})
        assert (answer.status_code, answer.text) == (404, refused.text)
        assert dict(answer.headers).keys() == dict(refused.headers).keys()
    found = await operations.find(stack.pool, begun.id)
    assert found is not None
    assert found.state != "cancelled"


@pytest.mark.parametrize("owner", ["another user", "the admin"])
async def test_anothers_domain_is_as_unknown_as_one_that_never_was(stack: Stack, owner):
    user = await stack.user()
    theirs = await stack.user() if owner == "another user" else await stack.admin()
    body = {"domain": f"{uuid4().hex}.test"}
    added = await stack.http.post("/api/domains", headers=theirs.headers, json=body)
    domain = added.json()["data"]["id"]
    for planned in OF_DOMAINS:
        refused = await call(stack, user, planned, "sms", {"domain": str(2**62)})
        assert refused.status_code == 404, refused.text
        answer = await call(stack, user, planned, "sms", {"domain": str(domain)})
        assert (answer.status_code, answer.text) == (404, refused.text)
    left = (await stack.http.get(f"/api/domains/{domain}", headers=theirs.headers)).json()["data"]
    by_itself = {"checked_at": None, "records": []}  # the worker checks new domains
    assert left | by_itself == added.json()["data"] | by_itself
    listed = await stack.http.get("/api/domains", headers=user.headers)
    assert listed.json()["data"] == []


async def test_anothers_link_domain_is_as_unknown_as_one_that_never_was(stack: Stack):
    user, other = await stack.user(), await stack.user()
    domain = (await link_domains.add(stack.pool, other.id, f"{uuid4().hex}.test", uuid4().hex, "send.example.com")).id
    for planned in OF_LINK_DOMAINS:
        refused = await call(stack, user, planned, "sms", {"link_domain": str(2**62)})
        assert refused.status_code == 404, refused.text
        answer = await call(stack, user, planned, "sms", {"link_domain": str(domain)})
        assert (answer.status_code, answer.text) == (404, refused.text)
    assert (await link_domains.get(stack.pool, domain)).checked_at is None
    assert (await stack.http.get("/api/link-domains", headers=user.headers)).json()["data"] == []


async def test_a_message_of_ones_own_is_unknown_on_another_channel(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    item = await send_one(stack, user)
    await stack.final(user, "sms", item["uid"])
    answer = await stack.http.get(f"/api/get/email/{item['uid']}", headers=user.headers)
    assert answer.status_code == 404


async def test_a_key_that_is_revoked_mid_way_ends_with_the_next_request(stack: Stack):
    user = await stack.user()
    assert (await stack.send(user, "sms", CONTACT["sms"])).status_code == 200
    (key,) = await api_keys.list_keys(stack.pool, user.id)
    await api_keys.revoke(stack.pool, key.id)
    answers = await asyncio.gather(*(stack.send(user, "sms", CONTACT["sms"]) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {401}
