"""Users make keys of their own; none may do more than the one that makes it."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.access.api_keys import KeyKind
from services.accounts import own_keys
from store.accounts import api_keys
from store.gateways import gateways
from tests.api.admin import admin
from tests.api.answers import SMS, assert_error, send_one
from tests.api.log_in import user as user_who_logs_in
from tests.api.test_narrowed_keys import key_with
from tests.stack import Stack, User

ALL = ("send", "read", "keys", "gateways")
LATER = (datetime.now(UTC) + timedelta(days=30)).isoformat()
MUCH_LATER = (datetime.now(UTC) + timedelta(days=60)).isoformat()


async def call(stack: Stack, key: User, method: str, path: str = "", body: object = None, **headers: str):
    more = {} if body is None else {"json": body}
    return await stack.http.request(method, f"/api/keys{path}", headers=key.headers | headers, **more)


async def made(stack: Stack, key: User, **body: object) -> dict:
    answer = await call(stack, key, "POST", "", body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_a_user_makes_lists_replaces_and_revokes_keys(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    key = await key_with(stack, user, *ALL)
    new = await made(stack, key, name="shop")
    assert (new["scopes"], new["name"], new["kind"]) == (["read", "send"], "shop", "user")
    await send_one(stack, User(user.id, new["key"]))
    rolled = (await call(stack, key, "POST", f"/{new['id']}/roll", {"overlap_seconds": 0})).json()["data"]
    assert (await stack.send(User(user.id, new["key"]), "sms", SMS)).status_code == 401
    await send_one(stack, User(user.id, rolled["key"]))
    revoked = await call(stack, key, "POST", f"/{rolled['id']}/revoke")
    assert revoked.json()["data"]["revoked_at"]
    assert (await stack.send(User(user.id, rolled["key"]), "sms", SMS)).status_code == 401
    listed = (await call(stack, key, "GET")).json()
    assert [each["id"] for each in listed["data"]][:2] == [rolled["id"], new["id"]]
    assert len(listed["data"]) == 4
    assert not any(new["key"] in str(each) or "key" in each for each in listed["data"])
    page = (await call(stack, key, "GET", "?limit=1")).json()
    rest = (await call(stack, key, "GET", f"?cursor={page['next_cursor']}")).json()
    assert [*page["data"], *rest["data"]] == listed["data"]
    events = await (await admin(stack)).data("GET", f"/audit?actor=user:{user.id}")
    assert [event["action"] for event in events] == ["key.revoked", "key.rolled", "key.issued"]


async def test_a_test_key_and_a_capped_key_of_ones_own(stack: Stack):
    user = await stack.user(credit=0)
    key = await key_with(stack, user, *ALL)
    test = await made(stack, key, test=True, spend_cap=7)
    assert (test["kind"], test["test"], test["spend_cap"], test["key"][:8]) == ("test", True, 7, "xs_test_")
    item = await send_one(stack, User(user.id, test["key"]))
    assert (await stack.final(key, "sms", item["uid"]))["test"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"scopes": ["gateways"]},
        {"scopes": ["read", "send"]},
        {"scopes": ["read", "channel:sms"]},
        {"ip_allow": ["0.0.0.0/0"]},
        {"ip_allow": ["127.0.0.1", "::1"]},
        {"ip_allow": []},
        {"expires_at": MUCH_LATER},
    ],
)
async def test_a_key_makes_none_that_may_do_more(stack: Stack, wanted: dict):
    user, owner = await stack.user(), await admin(stack)
    key = await key_with(stack, user, "keys", "send", ip_allow=["127.0.0.0/8"], expires_at=LATER)
    assert_error(await call(stack, key, "POST", "", wanted), 403, "grant_denied")
    (event,) = await owner.data("GET", f"/audit?actor=user:{user.id}")
    assert (event["outcome"], event["metadata"]["denied"]) == ("denied", "grant_denied")
    new = await made(stack, key, scopes=["send", "channel:sms"], ip_allow=["127.0.0.1"])
    assert (new["ip_allow"], new["expires_at"][:10]) == (["127.0.0.1/32"], LATER[:10])
    usual = await made(stack, key)
    assert (usual["scopes"], usual["ip_allow"]) == (["send"], ["127.0.0.0/8"])


@pytest.mark.parametrize("scopes", [["keys", "channel:sms"], ["send", "gateways", "channel:sms"]])
async def test_a_narrowed_key_manages_nothing(stack: Stack, scopes: list[str]):
    key = await key_with(stack, await stack.user(), *ALL)
    assert_error(await call(stack, key, "POST", "", {"scopes": scopes}), 422, "scope_conflict", "/scopes")


async def test_a_key_replaces_and_revokes_none_that_may_do_more(stack: Stack):
    user = await stack.user()
    full = await key_with(stack, user, *ALL)
    lesser = await key_with(stack, user, "keys", "read")
    ends = await key_with(stack, user, *ALL, expires_at=LATER)
    fast = await key_with(stack, user, "read", rate_class="unlimited")
    names = {key: key.key.split("_")[2] for key in (full, lesser, ends, fast)}
    for of, on in ((lesser, full), (ends, full), (full, fast), (ends, ends)):
        assert_error(await call(stack, of, "POST", f"/{names[on]}/roll"), 403, "grant_denied")
    assert_error(await call(stack, lesser, "POST", f"/{names[full]}/revoke"), 403, "grant_denied")
    for on in (fast, lesser, full):
        assert (await call(stack, full, "POST", f"/{names[on]}/revoke")).status_code == 200
    assert (await call(stack, full, "GET")).status_code == 401, "it revoked itself"


async def test_another_accounts_key_is_as_unknown_as_one_that_never_was(stack: Stack):
    key = await key_with(stack, await stack.user(), *ALL)
    other, owner = await stack.user(), await stack.admin()
    for theirs in (other, owner):
        key_id = theirs.key.split("_")[2]
        for what in ("roll", "revoke"):
            foreign, none = [await call(stack, key, "POST", f"/{each}/{what}") for each in (key_id, "none")]
            assert_error(foreign, 404, "key_not_found")
            assert foreign.text.replace(key_id, "none") == none.text
        assert (await api_keys.get(stack.pool, key_id)).revoked_at is None
    theirs_gateway = await stack.gateway(other.id, "sms", "sandbox", {})
    (gateway,) = await gateways.named(stack.pool, other.id, theirs_gateway)
    answers = [
        await call(stack, key, "POST", "", {"scopes": ["send", f"gateway:{each}"]}) for each in (gateway.id, uuid4())
    ]
    for answer in answers:
        assert_error(answer, 422, "gateway_not_found", "/scopes")


async def test_a_repeat_with_the_same_idempotency_key_makes_one_key_and_a_dry_run_none(stack: Stack):
    user = await stack.user()
    key, same = await key_with(stack, user, *ALL), {"Idempotency-Key": uuid4().hex}
    answers = [await call(stack, key, "POST", "", {"name": "a"}, **same) for _ in range(2)]
    assert answers[0].content == answers[1].content
    other = await key_with(stack, await stack.user(), *ALL)
    theirs = await call(stack, other, "POST", "", {"name": "a"}, **same)
    assert theirs.json()["data"]["id"] != answers[0].json()["data"]["id"]
    dry = await call(stack, key, "POST", "?dry_run=true", {"name": "b"})
    assert dry.json()["dry_run"] is True
    assert len(await api_keys.list_keys(stack.pool, user.id)) == 3
    assert_error(await call(stack, key, "GET", "?usr=7"), 422, "query_unknown", "/usr")


async def test_an_account_has_a_bounded_number_of_keys(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(own_keys, "MOST", 4)
    user = await stack.user()
    key = await key_with(stack, user, *ALL)
    answers = await asyncio.gather(*(call(stack, key, "POST", "", {"name": str(n)}) for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409, 409, 409]
    full = await call(stack, key, "POST", "", {})
    assert_error(full, 409, "too_many_keys")
    (first, *_) = await api_keys.list_keys(stack.pool, user.id)
    await api_keys.revoke(stack.pool, first.id)
    await made(stack, key)


async def test_an_admin_key_manages_keys_by_the_admin_api(stack: Stack):
    assert_error(await call(stack, await stack.admin(), "GET"), 403, "scope_missing")
    key = await api_keys.create(stack.pool, KeyKind.USER, (await stack.user()).id)
    assert_error(await call(stack, User(0, key.text), "GET"), 403, "scope_missing")


async def test_who_is_logged_in_makes_replaces_and_revokes_keys(stack: Stack):
    person = await user_who_logs_in(await admin(stack))
    session = await person.begin()
    new = await session.data("POST", "/api/keys", {"scopes": list(ALL)})
    assert new["scopes"] == sorted(ALL)
    rolled = await session.data("POST", f"/api/keys/{new['id']}/roll", {"overlap_seconds": 0})
    assert (await call(stack, User(person.id, rolled["key"]), "GET")).status_code == 200
    assert (await session.data("POST", f"/api/keys/{rolled['id']}/revoke"))["revoked_at"]
    assert (await call(stack, User(person.id, rolled["key"]), "GET")).status_code == 401
