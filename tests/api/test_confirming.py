"""Who logged in a while ago types the password again before keys, credentials or staff are changed."""

from datetime import timedelta
from typing import Any

from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.log_in import PASSWORD, Session, member, user
from tests.stack import Stack

AGES_AGO = timedelta(minutes=16)
KEY = {"name": "one more"}
GATEWAY: dict[str, Any] = {
    "channel": "email",
    "type": "resend",
    "identifier": "confirmed",
    "config": {"api_key": "re_confirmed", "from_address": "a@example.com"},
}


async def aged(stack: Stack, session: Session) -> Session:
    """The same, as if it had begun a while ago."""
    async with stack.pool.connection() as conn:
        await conn.execute(
            """update sessions set created_at = created_at - %(ago)s, confirmed_at = confirmed_at - %(ago)s
               where id = %(id)s""",
            {"ago": AGES_AGO, "id": session.id},
        )
    return session


async def confirmed(session: Session, password: str = PASSWORD):
    return await session.call("POST", "/api/auth/confirm", {"password": password})


async def test_a_user_makes_keys_after_typing_the_password_again(stack: Stack):
    session = await (await user(await admin(stack))).begin()
    await session.data("POST", "/api/keys", KEY)
    await aged(stack, session)
    assert_error(await session.call("POST", "/api/keys", KEY), 403, "confirmation_needed")
    assert (await session.call("GET", "/api/keys")).status_code == 200
    assert_error(await confirmed(session, "not this one"), 401, "password_wrong")
    assert_error(await session.call("POST", "/api/keys", KEY), 403, "confirmation_needed")
    assert (await confirmed(session)).status_code == 200
    await session.data("POST", "/api/keys", KEY)
    await aged(stack, session)
    assert_error(await session.call("POST", "/api/keys", KEY), 403, "confirmation_needed")


async def test_staff_changes_credentials_staff_and_roles_after_typing_the_password_again(stack: Stack):
    owner = await admin(stack)
    session = await aged(stack, await (await member(owner, "owner")).begin())
    colleague = await member(owner)
    person = {"email": f"{session.id}@example.com", "name": "New", "role": "support"}
    refused: list[tuple[str, str, Any]] = [
        ("POST", "/gateways", GATEWAY | {"identifier": session.id}),
        ("POST", "/staff", person),
        ("POST", "/keys", KEY | {"staff": colleague.id}),
        ("PATCH", f"/staff/{colleague.id}", {"name": "Other"}),
        ("PUT", f"/roles/r-{session.id[:8].lower()}", {"permissions": ["users:read"]}),
        ("DELETE", f"/staff/{colleague.id}", None),
    ]
    for method, path, body in refused:
        answer = await session.call(method, f"/api/admin/v1{path}", body)
        assert_error(answer, 403, "confirmation_needed")
    assert (await confirmed(session)).status_code == 200
    for method, path, body in refused:
        answer = await session.call(method, f"/api/admin/v1{path}", body)
        assert answer.status_code == 200, answer.text


async def test_where_staff_works_for_a_user_the_password_of_the_member_counts(stack: Stack):
    owner = await admin(stack)
    account, session = await owner.user(), await (await member(owner, "owner")).begin()

    async def acting() -> Session:
        token = (await session.data("POST", f"/api/admin/v1/users/{account['id']}/act"))["token"]
        return Session(stack, token)

    fresh = await acting()
    await fresh.data("POST", "/api/keys", KEY)
    await aged(stack, session)
    late = await acting()
    assert_error(await late.call("POST", "/api/keys", KEY), 403, "confirmation_needed")
    assert (await confirmed(session)).status_code == 200
    await late.data("POST", "/api/keys", KEY)


async def test_keys_confirm_nothing(stack: Stack):
    owner = await admin(stack)
    await owner.data("POST", "/gateways", GATEWAY | {"identifier": "by-a-key"})
