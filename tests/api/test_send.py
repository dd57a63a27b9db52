"""A message from a key to a gateway and back, over real sockets."""

import pytest

from tests.stack import Stack


@pytest.mark.parametrize(
    ("channel", "contact"),
    [
        ("email", {"email": "ada@example.com", "subject": "Hello", "message": "<p>Hi</p>"}),
        ("sms", {"number": "+14155550123", "body": "Hi"}),
        ("sms", {"number": 14155550123, "message": "Hi"}),
        ("whatsapp", {"number": "14155550123", "message": "Hi"}),
    ],
)
async def test_a_message_arrives_and_is_charged(stack: Stack, channel, contact):
    user = await stack.user(credit=5)
    await stack.gateway(user.id, channel, "sandbox", {})
    answer = await stack.send(user, channel, contact)
    assert answer.status_code == 200, answer.text
    item = answer.json()["data"][0]
    assert item["status"] == "pending"
    data = await stack.final(user, channel, item["uid"])
    assert (data["status"], data["state"]) == ("delivered", "sent")
    assert data["credit"] == {"amount": 1, "state": "captured"}
    assert [a["outcome"] for a in data["attempts"]] == ["accepted"]
