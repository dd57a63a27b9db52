"""What the tests of the API say about its answers."""

from typing import Any

import httpx

from tests.stack import Stack, User

SMS = {"number": "+14155550123", "body": "Hi"}
EMAIL = {"email": "ada@example.com", "subject": "Hello", "message": "<p>Hi</p>"}
WHATSAPP = {"number": "+14155550123", "message": "Hi"}
CONTACT = {"sms": SMS, "email": EMAIL, "whatsapp": WHATSAPP}


def assert_error(answer: httpx.Response, status: int, code: str, *pointers: str) -> dict[str, Any]:
    """The answer is this error in the documented envelope, at exactly these places. Returns its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"success", "message", "errors"}
    assert body["success"] is False
    assert isinstance(body["message"], str)
    assert body["message"]
    for error in body["errors"]:
        assert set(error) == {"pointer", "code", "message"}
        assert all(isinstance(value, str) for value in error.values())
    assert body["errors"][0]["code"] == code, body
    assert [error["pointer"] for error in body["errors"]] == list(pointers or ("",)), body
    assert "Traceback" not in answer.text
    return body


async def send_one(stack: Stack, user: User, channel: str = "sms", **fields: object) -> dict[str, Any]:
    """Send one message; returns its item of the answer."""
    answer = await stack.send(user, channel, CONTACT[channel] | fields)
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["data"]
    return item


async def deliveries(stack: Stack, uid: str) -> list[dict[str, Any]]:
    """What sandbox gateways delivered of a message."""
    admin = await stack.admin()
    answer = await stack.http.get("/api/admin/v1/sandbox/messages", params={"uid": uid}, headers=admin.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def raw_body(stack: Stack, user: User, body: bytes | str, channel: str = "sms", **headers: str) -> httpx.Response:
    """``POST /api/{channel}/send`` with a body exactly as given."""
    content = body if isinstance(body, bytes) else body.encode()
    sent = {"Content-Type": "application/json"} | user.headers | headers
    return await stack.http.post(f"/api/{channel}/send", content=content, headers=sent)


async def count_messages(stack: Stack, user: User) -> int:
    """How many messages the user's account has in the record."""
    async with stack.pool.connection() as conn:
        row = await (await conn.execute("select count(*) from messages where account_id = %s", (user.id,))).fetchone()
    assert row is not None
    return row[0]
