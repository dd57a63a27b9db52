"""What a send request would cost."""

from tests.api.answers import assert_error
from tests.stack import Stack


async def test_an_sms_is_counted_in_parts_and_nothing_is_sent(stack: Stack):
    user = await stack.user()
    body = {"contact": [{"number": "+14155550123", "body": "zażółć " * 20}, {"number": "+14155550124", "body": "Hi"}]}
    answer = await stack.http.post("/api/sms/estimate", json=body, headers=user.headers)
    assert answer.json()["data"] == {
        "messages": 2,
        "credits": 4,
        "parts": 3,
        "encoding": "ucs2",
        "units": 140,
        "unusual": ["ż", "ó", "ł", "ć"],
    }
    assert (await stack.http.get("/api/messages", headers=user.headers)).json()["data"] == []


async def test_what_would_be_refused_is_refused(stack: Stack):
    user = await stack.user()
    answer = await stack.http.post("/api/sms/estimate", json={"contact": [{"number": "1"}]}, headers=user.headers)
    assert_error(answer, 422, "number_invalid", "/contact/0/number")


async def test_many_are_counted_as_well(stack: Stack):
    user = await stack.user()
    contacts = [{"email": f"n{number}@example.com"} for number in range(1_200)]
    body = {"subject": "Hi", "message": "<p>Hi</p>", "contact": contacts}
    answer = await stack.http.post("/api/email/estimate", json=body, headers=user.headers)
    assert (answer.json()["data"]["messages"], answer.json()["data"]["credits"]) == (1_200, 1_200)
