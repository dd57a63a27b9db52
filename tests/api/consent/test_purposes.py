"""What messages are for: purposes of an account, and send requests that name one."""

import pytest

from domain.audience.consents import ConsentState, NewConsent
from store.audience.consent import consents
from store.pool import InTransaction
from tests.api.admin import admin
from tests.api.answers import CONTACT, SMS, assert_error
from tests.api.batches import ended
from tests.api.test_narrowed_keys import key_with
from tests.stack import Stack, User

NEWS = {"key": "news", "name": "News", "default": "opt_in"}


async def call(stack: Stack, key: User, method: str, path: str = "", body: object = None, **headers: str):
    more = {} if body is None else {"json": body}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await stack.http.request(method, f"/api/purposes{path}", headers=key.headers | sent, **more)


async def holder(stack: Stack, *channels: str) -> User:
    """A key that sends, reads and has the scope of contacts, of a user whose messages go to sandboxes."""
    user = await stack.user()
    for channel in channels or ("sms",):
        await stack.gateway(user.id, channel, "sandbox", {})
    return await key_with(stack, user, "contacts", "read", "send")


async def made(stack: Stack, holder: User, **fields: object) -> dict:
    answer = await call(stack, holder, "POST", "", NEWS | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def grant(stack: Stack, user: User, recipient: str, purpose: str = "news", state: str = "granted") -> None:
    async with stack.pool.connection() as conn, conn.transaction():
        new = NewConsent("sms", recipient, purpose, ConsentState(state), "api")
        await consents.record(InTransaction(conn), user.id, [new])


async def send(stack: Stack, user: User, *contacts: dict, channel: str = "sms", **wide: object):
    return await stack.http.post(
        f"/api/{channel}/send", json={"contact": list(contacts or [CONTACT[channel]]), **wide}, headers=user.headers
    )


async def ending(stack: Stack, user: User, channel: str = "sms", **wide: object) -> tuple[str, str | None]:
    """State and code that a message with these fields ends in."""
    answer = await send(stack, user, channel=channel, **wide)
    assert answer.status_code == 200, answer.text
    final = await stack.final(user, channel, answer.json()["data"][0]["uid"])
    return final["state"], final.get("code")


async def test_purposes_are_made_listed_changed_and_removed(stack: Stack):
    user = await holder(stack)
    assert [each["key"] for each in (await call(stack, user, "GET")).json()["data"]] == ["transactional", "marketing"]
    new = await made(stack, user)
    assert new == NEWS | {
        "channels": ["email", "sms", "whatsapp"],
        "public": True,
        "transactional": False,
        "built_in": False,
    }
    read = await call(stack, user, "GET", "/news")
    assert read.json()["data"] == new
    stale = await call(stack, user, "PATCH", "/news", {"name": "Tips"}, If_Match='"no"')
    assert_error(stale, 412, "changed_meanwhile")
    changed = await call(
        stack, user, "PATCH", "/news", {"name": "Tips", "channels": ["sms"]}, If_Match=read.headers["etag"]
    )
    assert (changed.json()["data"]["name"], changed.json()["data"]["channels"]) == ("Tips", ["sms"])
    assert_error(await call(stack, user, "POST", "", NEWS), 409, "purpose_taken")
    assert (await call(stack, user, "DELETE", "/news")).status_code == 200
    assert_error(await call(stack, user, "GET", "/news"), 404, "purpose_not_found")
    assert (await made(stack, user))["name"] == "News"
    events = await (await admin(stack)).data("GET", f"/audit?actor=user:{user.id}")
    assert [event["action"] for event in events][:3] == ["purpose.created", "purpose.removed", "purpose.changed"]


async def test_built_in_purposes_stay(stack: Stack):
    user = await holder(stack)
    for key in ("transactional", "marketing"):
        assert_error(await call(stack, user, "DELETE", f"/{key}"), 409, "purpose_built_in")
    assert_error(await call(stack, user, "PATCH", "/transactional", {"name": "x"}), 409, "purpose_built_in")
    assert_error(await call(stack, user, "PATCH", "/marketing", {"transactional": True}), 409, "purpose_built_in")
    changed = await call(stack, user, "PATCH", "/marketing", {"name": "Werbung", "default": "opt_in"})
    assert changed.json()["data"]["default"] == "opt_in"
    assert len((await call(stack, user, "GET")).json()["data"]) == 2


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"key": "*"}, "purpose_key", "/key"),
        ({"key": "Größe"}, "purpose_key", "/key"),
        ({"key": "a\tb"}, "purpose_key", "/key"),
        ({"transactional": True, "default": "opt_in"}, "purpose_transactional", "/transactional"),
        ({"transactional": True, "default": "opt_out", "public": True}, "purpose_transactional", "/transactional"),
        ({"channels": ["fax"]}, "enum", "/channels/0"),
        ({"name": ""}, "string_too_short", "/name"),
        ({"rate": 1}, "extra_forbidden", "/rate"),
    ],
)
async def test_a_purpose_that_cannot_be_is_refused(stack: Stack, fields, code, pointer):
    user = await holder(stack)
    assert_error(await call(stack, user, "POST", "", NEWS | fields), 422, code, pointer)


async def test_an_account_has_fifty_purposes_at_most(stack: Stack):
    user = await holder(stack)
    for n in range(48):
        await made(stack, user, key=f"p{n}")
    assert_error(await call(stack, user, "POST", "", NEWS), 409, "too_many_purposes")


async def test_a_dry_run_makes_no_purpose_and_a_repeat_makes_one(stack: Stack):
    user = await holder(stack)
    assert (await call(stack, user, "POST", "?dry_run=true", NEWS)).json()["dry_run"] is True
    first = await call(stack, user, "POST", "", NEWS, Idempotency_Key="one")
    assert (await call(stack, user, "POST", "", NEWS, Idempotency_Key="one")).content == first.content


async def test_another_tenants_purpose_is_not_there(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    await made(stack, other)
    for method in ("GET", "DELETE"):
        assert_error(await call(stack, user, method, "/news"), 404, "purpose_not_found")
    assert_error(await call(stack, user, "PATCH", "/news", {"name": "x"}), 404, "purpose_not_found")
    assert_error(await send(stack, user, purpose="news"), 422, "purpose_unknown", "/purpose")


async def test_a_key_without_the_scope_sees_no_purposes(stack: Stack):
    user = await stack.user()
    assert_error(await call(stack, user, "GET"), 403, "scope_missing")


@pytest.mark.parametrize("purpose", ["nope", "*", "", "Marketing", "a" * 50, "x\ty", "\u2028"])
async def test_a_request_with_an_unknown_purpose_is_refused(stack: Stack, purpose):
    user = await holder(stack)
    assert_error(await send(stack, user, purpose=purpose), 422, "purpose_unknown", "/purpose")
    many = [SMS | {"number": f"+1415555{n:04}"} for n in range(501)]
    assert_error(await send(stack, user, *many, purpose=purpose), 422, "purpose_unknown", "/purpose")


async def test_a_purpose_is_refused_on_channels_that_it_is_not_used_on(stack: Stack):
    user = await holder(stack)
    await made(stack, user, channels=["email"])
    assert_error(await send(stack, user, purpose="news"), 422, "purpose_channel", "/purpose")
    step = {"channel": "sms", "after": "1h", "number": SMS["number"], "body": "Hi"}
    answer = await send(stack, user, CONTACT["email"] | {"fallback": [step]}, channel="email", purpose="news")
    assert_error(answer, 422, "purpose_channel", "/purpose")


async def test_only_who_granted_consent_gets_messages_of_a_purpose_that_asks(stack: Stack):
    user = await holder(stack)
    await made(stack, user)
    assert await ending(stack, user, purpose="news") == ("rejected", "no_consent")
    await grant(stack, user, SMS["number"])
    assert await ending(stack, user, purpose="news") == ("sent", None)
    await grant(stack, user, SMS["number"], state="withdrawn")
    assert await ending(stack, user, purpose="news") == ("rejected", "consent_withdrawn")
    assert await ending(stack, user) == ("sent", None)


async def test_what_names_no_purpose_has_that_of_its_lane(stack: Stack):
    user = await holder(stack)
    await grant(stack, user, SMS["number"], "marketing", "withdrawn")
    assert await ending(stack, user) == ("sent", None)
    assert await ending(stack, user, priority="bulk") == ("rejected", "consent_withdrawn")
    assert await ending(stack, user, priority="bulk", purpose="transactional") == ("sent", None)
    params = {"contacts": SMS["number"], "message": "Hi", "purpose": "marketing"}
    answer = await stack.http.get("/api/sms/send", params=params, headers=user.headers)
    final = await stack.final(user, "sms", answer.json()["data"][0]["uid"])
    assert final["code"] == "consent_withdrawn"


async def test_messages_of_a_page_and_of_a_batch_are_refused_one_by_one(stack: Stack):
    user = await holder(stack)
    await made(stack, user)
    await grant(stack, user, "+14155550001")
    contacts = [SMS | {"number": f"+1415555{n:04}"} for n in range(501)]
    few = (await send(stack, user, *contacts[:3], purpose="news")).json()["data"]
    found = [(await stack.final(user, "sms", one["uid"])).get("code") for one in few]
    assert found == ["no_consent", None, "no_consent"]
    batch = (await send(stack, user, *contacts, purpose="news")).json()
    counts = (await ended(stack, user, batch["batch"]))["counts"]
    assert (counts["rejected"], counts["sent"]) == (500, 1)


async def test_messages_of_a_test_key_need_consent_too(stack: Stack):
    user = await holder(stack)
    await made(stack, user)
    test = await key_with(stack, user, "read", "send", test=True)
    assert await ending(stack, test, purpose="news") == ("rejected", "no_consent")
    await grant(stack, user, SMS["number"])
    assert await ending(stack, test, purpose="news") == ("sent", None)


async def test_a_fallback_has_the_purpose_of_what_it_takes_the_place_of(stack: Stack):
    user = await holder(stack, "sms", "email")
    await made(stack, user)
    step = {"channel": "sms", "after": "1s", "number": SMS["number"], "body": "Hi"}
    contact = CONTACT["email"] | {"email": "refused@example.com", "fallback": [step]}
    answer = await send(stack, user, contact, channel="email", purpose="news")
    first = await stack.final(user, "email", answer.json()["data"][0]["uid"])
    assert first["code"] == "no_consent"
    async with stack.pool.connection() as conn:
        query = "select purpose from messages where account_id = %s and channel = 'sms'"
        for _ in range(200):
            if found := await (await conn.execute(query, (user.id,))).fetchall():
                break
            await conn.execute("select pg_sleep(0.05)")
    assert found == [("news",)]
