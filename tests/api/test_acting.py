"""Staff who work in the account of a user."""

from uuid import uuid4

from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.log_in import Session, member
from tests.stack import Stack


async def begun(stack: Stack, role: str = "owner") -> tuple[Session, Session, int]:
    """A session of staff, and theirs in the account of a user."""
    person = await (await member(await admin(stack), role)).begin()
    account = (await stack.user()).id
    token = (await person.data("POST", f"/api/admin/v1/users/{account}/act"))["token"]
    return person, Session(stack, token), account


async def test_they_do_what_the_user_can_under_their_own_name(stack: Stack):
    person, acting, account = await begun(stack)
    me = await person.data("GET", "/api/auth/me")
    assert (await acting.data("GET", "/api/auth/me"))["id"] == account
    made = await acting.data("POST", "/api/groups", {"name": "VIPs"})
    events = (await (await admin(stack)).call("GET", f"/audit?actor=staff:{me['id']}")).json()["data"]
    assert [event["action"] for event in events[:2]] == ["group.created", "user.acted_for"]
    assert events[0]["targets"][0]["id"] == str(made["id"])
    assert (events[0]["context"]["account"], events[0]["actor"]["name"]) == (str(account), me["email"])


async def test_they_see_nothing_else_and_change_no_log_in(stack: Stack):
    _, acting, _ = await begun(stack)
    assert_error(await acting.call("GET", "/api/admin/v1/users"), 403, "scope_missing")
    assert_error(await acting.call("GET", "/api/auth/sessions"), 403, "acting")
    assert_error(await acting.call("POST", "/api/auth/password", {}), 403, "acting")
    assert_error(await acting.call("POST", "/api/auth/totp", {}), 403, "acting")


async def test_it_ends_with_their_rights(stack: Stack):
    owner = await admin(stack)
    role = f"helper-{uuid4().hex}"
    await owner.data("PUT", f"/roles/{role}", {"permissions": ["users:read", "users:act"]})
    person, acting, _ = await begun(stack, role)
    id_ = (await person.data("GET", "/api/auth/me"))["id"]
    assert (await acting.call("GET", "/api/groups")).status_code == 200
    await owner.data("PUT", f"/roles/{role}", {"permissions": ["users:read"]})
    assert_error(await acting.call("GET", "/api/groups"), 403, "permission_missing")
    await owner.data("PUT", f"/roles/{role}", {"permissions": ["users:act"]})
    await owner.data("DELETE", f"/staff/{id_}")
    assert_error(await acting.call("GET", "/api/groups"), 401, "unauthorized")


async def test_it_ends_when_they_leave(stack: Stack):
    _, acting, _ = await begun(stack)
    assert (await acting.call("POST", "/api/auth/logout")).status_code == 200
    assert_error(await acting.call("GET", "/api/groups"), 401, "unauthorized")


async def test_a_key_and_whoever_lacks_the_permission_cannot(stack: Stack):
    owner = await admin(stack)
    account = (await stack.user()).id
    assert_error(await owner.call("POST", f"/users/{account}/act"), 409, "staff_needed")
    support = await (await member(owner, "support")).begin()
    assert_error(await support.call("POST", f"/api/admin/v1/users/{account}/act"), 403, "permission_missing")
