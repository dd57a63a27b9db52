"""Log-in with a password, and sessions as principals."""

import asyncio
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from domain.access.permissions import PRESETS
from services.access import hashing
from store.access.people import by_email
from tests.api.admin import ADMIN, admin
from tests.api.answers import SMS, assert_error
from tests.api.log_in import PASSWORD, Session, member, post, some_address, user
from tests.stack import Stack, serve_api


async def test_a_session_of_a_user_may_do_what_its_key_may(stack: Stack):
    owner = await admin(stack)
    person = await user(owner)
    session = await person.begin()
    await owner.data("POST", f"/users/{person.id}/credits", {"channel": "sms", "amount": 10})
    await stack.gateway(person.id, "sms", "sandbox", {})
    sent = await session.call("POST", "/api/sms/send", {"contact": [SMS]})
    assert sent.status_code == 200, sent.text
    (item,) = sent.json()["data"]
    uid = item["uid"]
    assert (await session.call("GET", f"/api/get/sms/{uid}")).status_code == 200
    other = await (await user(owner)).begin()
    assert_error(await other.call("GET", f"/api/get/sms/{uid}"), 404, "message_not_found")
    assert_error(await session.call("GET", f"{ADMIN}/users"), 403, "scope_missing")


async def test_a_session_of_staff_sends_nothing(stack: Stack):
    session = await (await member(await admin(stack), "owner")).begin()
    assert_error(await session.call("POST", "/api/sms/send", {"contact": [SMS]}), 403, "scope_missing")


async def test_who_is_logged_in(stack: Stack):
    owner = await admin(stack)
    person = await member(owner, "finance")
    session = await person.begin()
    me = await session.data("GET", "/api/auth/me")
    assert (me["kind"], me["id"], me["email"], me["role"]) == ("staff", person.id, person.email, "finance")
    assert me["permissions"] == sorted(PRESETS["finance"])
    key = (await stack.user()).key
    answer = await stack.http.get("/api/auth/me", headers={"Api-key": key})
    assert_error(answer, 403, "session_needed")


async def test_the_answer_is_the_same_for_an_unknown_address_and_a_wrong_password(stack: Stack):
    owner = await admin(stack)
    person, without = await member(owner), await owner.user()
    answers = [
        await person.log_in(password="wrong password"),
        await person.log_in(email="nobody@example.com"),
        await person.log_in(email=without["email"], kind=None),
        await person.log_in(email="not an address"),
        await person.log_in(kind="user"),
    ]
    assert {answer.text for answer in answers} == {answers[0].text}
    assert_error(answers[0], 401, "log_in_refused")


async def test_an_unknown_address_costs_a_hash_too(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    person, hashed = await member(await admin(stack)), []

    def counting(stored: str, password: str) -> bool:
        hashed.append(stored)
        return False

    monkeypatch.setattr(hashing, "_is_of", counting)
    await person.log_in(password="wrong password")
    await person.log_in(email="nobody@example.com")
    assert len(hashed) == 2
    assert [stored.split("$")[1:4] for stored in hashed] == [hashed[0].split("$")[1:4]] * 2


async def test_staff_and_a_user_of_one_address_each_log_in(stack: Stack):
    owner = await admin(stack)
    person = await user(owner)
    made = await owner.data("POST", "/staff", {"email": person.email, "name": "Bo", "role": "support"})
    assert (await (await person.begin(kind=None)).data("GET", "/api/auth/me"))["kind"] == "user"
    token = (await owner.data("POST", f"/staff/{made['id']}/invite"))["token"]
    await stack.http.post("/api/auth/reset", json={"token": token, "password": "another long one"})
    as_staff = await person.begin(kind=None, password="another long one")
    assert (await as_staff.data("GET", "/api/auth/me"))["kind"] == "staff"
    assert (await person.log_in(kind=None)).status_code == 401
    assert (await (await person.begin(kind="user")).data("GET", "/api/auth/me"))["kind"] == "user"


async def test_a_session_ends_at_once_in_every_process(stack: Stack):
    owner = await admin(stack)
    person, leaving = await member(owner, "support"), await user(owner)
    sessions = [await person.begin() for _ in range(4)]
    of_user = await leaving.begin()
    async with serve_api(stack.settings) as url:

        async def statuses(session: Session, path: str = "/api/auth/me") -> list[int]:
            return [(await session.call("GET", path, base=base)).status_code for base in (stack.url, url)]

        assert await statuses(sessions[0]) == [200, 200]
        await sessions[0].data("POST", "/api/auth/logout")
        assert await statuses(sessions[0]) == [401, 401]
        await sessions[1].data("DELETE", f"/api/auth/sessions/{sessions[2].id}")
        assert await statuses(sessions[2]) == [401, 401]
        assert await sessions[1].data("DELETE", "/api/auth/sessions") == {"ended": 1}
        assert (await statuses(sessions[3]), await statuses(sessions[1])) == ([401, 401], [200, 200])
        users = f"{ADMIN}/users"
        assert await statuses(sessions[1], users) == [200, 200]
        await owner.data("PATCH", f"/staff/{person.id}", {"role": "developer"})
        assert await statuses(sessions[1], f"{ADMIN}/plans") == [403, 403]
        await owner.data("DELETE", f"/staff/{person.id}")
        assert await statuses(sessions[1], users) == [401, 401]
        assert await statuses(sessions[1]) == [401, 401]
        assert (await person.log_in()).status_code == 401
        await owner.data("POST", f"/users/{leaving.id}/suspend")
        assert await statuses(of_user, "/api/gateways") == [403, 403]
        assert_error(await leaving.log_in(), 403, "account_suspended")
        await owner.data("POST", f"/users/{leaving.id}/resume")
        assert await statuses(of_user, "/api/gateways") == [200, 200]
        await owner.data("DELETE", f"/users/{leaving.id}")
        assert await statuses(of_user) == [401, 401]
        await owner.data("POST", f"/users/{leaving.id}/restore")
        assert await statuses(of_user) == [401, 401], "as its keys stay revoked"


async def test_a_session_ends_by_itself(stack: Stack):
    person = await member(await admin(stack))
    for change in ("used_at = now() - interval '12 hours 1 second'", "expires_at = now()"):
        session = await person.begin()
        async with stack.pool.connection() as conn:
            await conn.execute(f"update sessions set {change} where id = %s", (session.id,))
        assert_error(await session.call("GET", "/api/auth/me"), 401, "unauthorized")
        live = await (await person.begin()).call("GET", "/api/auth/sessions")
        assert session.id not in [one["id"] for one in live.json()["data"]]


async def test_use_keeps_a_session_alive(stack: Stack):
    session = await (await member(await admin(stack))).begin()
    async with stack.pool.connection() as conn:
        await conn.execute("update sessions set used_at = now() - interval '11 hours' where id = %s", (session.id,))
        await session.data("GET", "/api/auth/me")
        row = await (
            await conn.execute(
                "select now() - used_at < interval '1 minute' from sessions where id = %s", (session.id,)
            )
        ).fetchone()
    assert row == (True,)


async def test_own_sessions_are_listed_and_nobody_elses_ended(stack: Stack):
    owner = await admin(stack)
    person, other = await member(owner), await (await member(owner)).begin()
    first, second = await person.begin(), await person.begin()
    listed = (await second.call("GET", "/api/auth/sessions")).json()["data"]
    assert [(one["id"], one["current"]) for one in listed] == [(second.id, True), (first.id, False)]
    assert listed[0]["ip"] == person.address
    assert first.token not in str(listed)
    assert_error(await second.call("DELETE", f"/api/auth/sessions/{other.id}"), 404, "session_not_found")
    assert (await other.call("GET", "/api/auth/me")).status_code == 200


async def test_only_the_hash_of_a_token_is_stored(stack: Stack):
    session = await (await member(await admin(stack))).begin()
    async with stack.pool.connection() as conn:
        rows = await (await conn.execute("select * from sessions where id = %s", (session.id,))).fetchall()
    assert session.token.split("_")[3][:43] not in str(rows)


def cookie_of(answer: httpx.Response) -> Any:
    jar: SimpleCookie = SimpleCookie(answer.headers["set-cookie"])
    ((name, morsel),) = jar.items()
    return name, morsel


async def test_the_cookie_is_bound_to_the_host_and_hidden_from_pages(stack: Stack):
    person = await member(await admin(stack))
    name, cookie = cookie_of(await person.log_in())
    assert (name, cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
        *("xsender_session", "", True, "lax", "/", ""),
    )
    body = {"email": person.email, "password": PASSWORD}
    over_https = {"X-Forwarded-Proto": "https"}
    answer = await post(stack, "/api/auth/login", body, person.address, **over_https)
    name, cookie = cookie_of(answer)
    assert (name, cookie["secure"], cookie["httponly"]) == ("__Host-xsender_session", True, True)
    for sent, status in ((f"__Host-xsender_session={cookie.value}", 200), (f"xsender_session={cookie.value}", 401)):
        answer = await stack.http.get("/api/auth/me", headers={"Cookie": sent, **over_https})
        assert answer.status_code == status, "over HTTPS only the cookie that no other host can set counts"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"X-CSRF": "1"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "own"}, 200),
        ({"Origin": "own", "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_with_a_cookie_a_change_must_come_from_a_page_of_ours(stack: Stack, headers: dict, status: int):
    owner = await admin(stack)
    session = await (await member(owner, "owner")).begin()
    if headers.get("Origin") == "own":
        headers = headers | {"Origin": stack.url}
    cookie = {"Cookie": f"xsender_session={session.token}"}
    answer = await stack.http.delete("/api/auth/sessions", headers=cookie | headers)
    assert answer.status_code == status, answer.text
    role = await stack.http.put(f"{ADMIN}/roles/none", json=[], headers=cookie | headers)
    assert role.status_code == (422 if status == 200 else 403), role.text
    assert (await stack.http.get("/api/auth/me", headers=cookie | headers)).status_code == 200


async def test_with_a_cookie_a_link_sends_nothing(stack: Stack):
    """``GET /api/sms/send`` sends, and browsers send the cookie along when a link is followed."""
    owner = await admin(stack)
    person = await user(owner)
    await owner.data("POST", f"/users/{person.id}/credits", {"channel": "sms", "amount": 10})
    cookie = {"Cookie": f"xsender_session={(await person.begin()).token}"}
    query = {"contacts": "14155550123", "message": "Hi"}
    followed = {"Sec-Fetch-Site": "cross-site"}
    answer = await stack.http.get("/api/sms/send", params=query, headers=cookie | followed)
    assert_error(answer, 403, "foreign_page")
    assert_error(await stack.http.get("/api/sms/send", params=query, headers=cookie), 403, "foreign_page")
    answer = await stack.http.get("/api/sms/send", params=query, headers=cookie | {"X-CSRF": "1"})
    assert answer.status_code == 200, answer.text


async def test_no_page_of_another_site_logs_anybody_in(stack: Stack):
    person = await member(await admin(stack))
    body = {"email": person.email, "password": PASSWORD}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert_error(await post(stack, "/api/auth/login", body, person.address, **headers), 403, "foreign_page")


async def test_a_key_in_the_cookie_is_no_session(stack: Stack):
    key = (await stack.user()).key
    answer = await stack.http.get("/api/gateways", headers={"Cookie": f"xsender_session={key}"})
    assert_error(answer, 401, "unauthorized")


async def test_a_changed_password_ends_all_other_sessions(stack: Stack):
    person = await member(await admin(stack))
    kept, other = await person.begin(), await person.begin()
    path, new = "/api/auth/password", "a new passphrase"
    wrong = await kept.call("POST", path, {"password": "not this one", "new_password": new})
    assert_error(wrong, 401, "password_wrong")
    weak = await kept.call("POST", path, {"password": PASSWORD, "new_password": person.email})
    assert_error(weak, 422, "password_weak", "/new_password")
    assert await kept.data("POST", path, {"password": PASSWORD, "new_password": new}) == {"ended": 1}
    assert (await other.call("GET", "/api/auth/me")).status_code == 401
    assert (await kept.call("GET", "/api/auth/me")).status_code == 200
    assert (await person.log_in()).status_code == 401
    assert (await person.log_in(password=new)).status_code == 200


async def test_a_log_in_while_the_password_changes_leaves_no_session_behind(stack: Stack):
    person = await member(await admin(stack))
    kept = await person.begin()
    change = kept.call("POST", "/api/auth/password", {"password": PASSWORD, "new_password": "a new passphrase"})
    changed, *begun = await asyncio.gather(change, *(person.log_in() for _ in range(3)))
    assert changed.status_code == 200, changed.text
    for answer in begun:
        assert answer.status_code in (200, 401), answer.text
        if answer.status_code == 200:
            late = Session(stack, answer.json()["data"]["token"])
            assert (await late.call("GET", "/api/auth/me")).status_code == 401


async def test_a_hash_of_old_parameters_is_renewed_at_log_in(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    person = await member(await admin(stack))

    async def stored() -> str:
        (known,) = await by_email(stack.pool, person.email)
        assert known.password is not None
        return known.password

    assert "m=19456,t=2,p=1" in await stored()
    monkeypatch.setattr(hashing, "ROUNDS", 3)
    session = await person.begin()
    assert "m=19456,t=3,p=1" in await stored()
    assert (await session.call("GET", "/api/auth/me")).status_code == 200
    assert (await person.log_in()).status_code == 200


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_length"),
        ("aaaaaaaaaaaa", "password_weak"),
        ("12345678901", "password_weak"),
        ("PassWord123", "password_weak"),
        ("abcdefghijkl", "password_weak"),
        ("email", "password_weak"),
    ],
)
async def test_the_worst_passwords_are_refused_and_the_link_stays(stack: Stack, password: str, code: str):
    owner = await admin(stack)
    made = await owner.user()
    token = (await owner.data("POST", f"/users/{made['id']}/invite"))["token"]
    body = {"token": token, "password": made["email"] if password == "email" else password}
    headers = {"X-Forwarded-For": some_address()}
    assert_error(await stack.http.post("/api/auth/reset", json=body, headers=headers), 422, code, "/password")
    good = await stack.http.post("/api/auth/reset", json=body | {"password": PASSWORD}, headers=headers)
    assert good.status_code == 200, good.text
    again = await stack.http.post("/api/auth/reset", json=body | {"password": PASSWORD}, headers=headers)
    assert_error(again, 422, "token_unusable", "/token")


async def test_the_same_letters_are_the_same_password(stack: Stack):
    person = await member(await admin(stack))
    session = await person.begin()
    await session.data("POST", "/api/auth/password", {"password": PASSWORD, "new_password": "schöne Grüße 12"})
    assert (await person.log_in(password="scho\u0308ne Gru\u0308ße 12")).status_code == 200


async def test_an_invitation_grants_nothing_that_one_lacks(stack: Stack):
    owner = await admin(stack)
    role = "helper-" + some_address().replace(".", "-")
    await owner.data("PUT", f"/roles/{role}", {"permissions": ["staff:read", "staff:write", "users:read"]})
    helper = await owner.colleague(role)
    boss = await owner.data("POST", "/staff", {"email": f"{role}@example.com", "name": "Boss", "role": "admin"})
    assert_error(await helper.call("POST", f"/staff/{boss['id']}/invite"), 403, "grant_denied")
    assert_error(await helper.call("POST", f"/users/{(await stack.user()).id}/invite"), 403, "permission_missing")
    person = await member(owner)
    assert_error(await owner.call("POST", f"/staff/{person.id}/invite"), 409, "has_password")
    await owner.data("DELETE", f"/staff/{boss['id']}")
    assert_error(await owner.call("POST", f"/staff/{boss['id']}/invite"), 404, "staff_not_found")


async def test_a_repeated_invitation_is_answered_the_same_and_sealed(stack: Stack):
    owner = await admin(stack)
    made = await owner.user()
    path = f"/users/{made['id']}/invite"
    first, second = [await owner.data("POST", path, idempotency_key="once") for _ in range(2)]
    assert first == second
    third = await owner.data("POST", path)
    used = await stack.http.post("/api/auth/reset", json={"token": first["token"], "password": PASSWORD})
    assert_error(used, 422, "token_unusable", "/token")
    async with stack.pool.connection() as conn:
        for rows in ("idempotency_keys", "audit_events", "one_time_tokens", "sessions", "log_ins", "log_in_waits"):
            found = await (await conn.execute(f"select r::text from {rows} r")).fetchall()  # type: ignore[arg-type]
            text = str(found)
            for secret in (first["token"], third["token"], PASSWORD):
                assert secret not in text
                assert secret.encode().hex() not in text


async def test_every_event_is_in_the_audit_log(stack: Stack):
    owner = await admin(stack)
    person = await member(owner)
    await person.log_in(password="wrong password")
    session, other = await person.begin(), await person.begin()
    await session.data("POST", "/api/auth/password", {"password": PASSWORD, "new_password": "a new passphrase"})
    await session.data("DELETE", "/api/auth/sessions")
    await session.data("POST", "/api/auth/logout")
    events = await owner.data("GET", f"/audit?target=staff:{person.id}")
    told = [(event["action"], event["outcome"], event["actor"]["type"]) for event in events]
    assert told == [
        ("session.ended", "ok", "staff"),
        ("session.ended", "ok", "staff"),
        ("password.changed", "ok", "staff"),
        ("session.begun", "ok", "staff"),
        ("session.begun", "ok", "staff"),
        ("session.begun", "denied", "staff"),
        ("password.set", "ok", "staff"),
        ("staff.invited", "ok", "key"),
        ("staff.added", "ok", "key"),
    ]
    assert events[0]["context"]["session_id"] == session.id
    assert events[3]["metadata"]["session_id"] == other.id
    assert events[5]["context"]["ip"] == person.address
    assert not {"wrong password", PASSWORD, session.token} & {*str(events).split("'")}
    await person.log_in(email="my secret in the wrong field")
    (unknown, *_) = await owner.data("GET", "/audit?actor=unknown:unknown&limit=1")
    assert (unknown["action"], unknown["outcome"]) == ("session.begun", "denied")
    assert "my secret" not in str(unknown)


async def test_an_admin_route_logs_the_session(stack: Stack):
    owner = await admin(stack)
    person = await member(owner, "owner")
    session = await person.begin()
    made = await session.call("POST", f"{ADMIN}/users", {"email": person.email, "name": "A"})
    (event,) = await owner.data("GET", f"/audit?target=user:{made.json()['data']['id']}")
    assert (event["actor"]["id"], event["context"]["session_id"]) == (str(person.id), session.id)
    assert "key" not in event["context"]


async def test_sessions_of_one_person_are_bounded(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    from store.access import sessions

    monkeypatch.setattr(sessions, "MOST", 3)
    person = await member(await admin(stack))
    begun = [await person.begin() for _ in range(5)]
    listed = (await begun[-1].call("GET", "/api/auth/sessions")).json()["data"]
    assert [one["id"] for one in listed] == [session.id for session in reversed(begun[2:])]
