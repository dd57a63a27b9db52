"""Events that customers post about their contacts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from store.audience.events import recording
from tests.api.answers import assert_error
from tests.api.test_narrowed_keys import key_with
from tests.segments import new_contact
from tests.stack import Stack, User


async def holder(stack: Stack) -> User:
    return await key_with(stack, await stack.user(), "contacts", "read")


async def post(stack: Stack, user: User, body: Any):
    return await stack.http.post("/api/events", json=body, headers=user.headers)


async def results(stack: Stack, user: User, *events: dict[str, Any]) -> list[str]:
    answer = await post(stack, user, {"events": list(events)})
    assert answer.status_code == 200, answer.text
    return [one["result"] for one in answer.json()["data"]]


async def test_events_are_recorded_once_of_contacts_by_each_of_their_names(stack: Stack):
    user, stranger = await holder(stack), await holder(stack)
    number = f"+4915{uuid4().int % 10**9:09}"
    contact = await new_contact(stack.pool, user.id, email="Ada@example.com", phone=number, external_id="4711")
    foreign = await new_contact(stack.pool, stranger.id)
    by = [{"id": contact}, {"external_id": "4711"}, {"email": "ada@Example.com"}, {"phone": number}]
    others = [{"id": foreign}, {"email": "nobody@example.com"}]
    posted = [{"name": "order.paid", "contact": each, "data": {"n": n}} for n, each in enumerate([*by, *others])]
    assert await results(stack, user, *posted) == ["recorded"] * 4 + ["unknown_contact"] * 2
    since = datetime.now(UTC) - timedelta(days=1)
    found = await recording.of_contact(stack.pool, user.id, contact, ["order.paid"], since, 10)
    assert sorted(event.data["n"] for event in found) == [0, 1, 2, 3]
    once = {"name": "order.paid", "contact": {"id": contact}, "id": "order-1"}
    assert await results(stack, user, once, once) == ["recorded", "repeated"]
    assert (await post(stack, user, once)).json()["data"] == [{"id": "order-1", "result": "repeated"}]


@pytest.mark.parametrize(
    ("change", "code", "at"),
    [
        ({"name": "Order Paid"}, "event_name", "name"),
        ({"name": "message.opened"}, "event_name", "name"),
        ({"name": "consent.granted"}, "event_name", "name"),
        ({"at": "2020-01-01T00:00:00Z"}, "event_time", "at"),
        ({"at": "2199-01-01T00:00:00Z"}, "event_time", "at"),
        ({"data": {"x": "y" * 16_000}}, "event_data", "data"),
        ({"contact": {}}, "value_error", "contact"),
        ({"contact": {"id": str(uuid4()), "email": "a@example.com"}}, "value_error", "contact"),
        ({"contact": {"email": "no mailbox"}}, "email_invalid", "contact/email"),
    ],
)
async def test_what_is_no_event_is_refused_with_its_place(stack: Stack, change, code, at):
    user = await holder(stack)
    good = {"name": "order.paid", "contact": {"external_id": "x"}}
    refused = await post(stack, user, {"events": [good, good | change]})
    assert_error(refused, 422, code, f"/events/1/{at}")


async def test_the_story_of_a_contact_is_read_newest_first_by_name_and_in_pages(stack: Stack):
    user, stranger = await holder(stack), await holder(stack)
    contact = await new_contact(stack.pool, user.id)
    now = datetime.now(UTC)
    posted = [
        {"name": name, "contact": {"id": contact}, "at": (now - timedelta(hours=age)).isoformat(), "data": {"n": age}}
        for age, name in enumerate(["cart.filled", "order.paid", "cart.filled", "order.paid", "cart.filled"])
    ]
    await results(stack, user, *posted)
    path = f"/api/contacts/{contact}/events"

    async def read(**query: Any) -> Any:
        answer = await stack.http.get(path, params=query, headers=user.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    first = await read(limit=3)
    rest = await read(limit=3, cursor=first["next_cursor"])
    assert [one["data"]["n"] for one in first["data"] + rest["data"]] == [0, 1, 2, 3, 4]
    assert rest["next_cursor"] is None
    assert [one["data"]["n"] for one in (await read(name="order.paid"))["data"]] == [1, 3]
    csv = await stack.http.get(path, params={"format": "csv"}, headers=user.headers)
    assert csv.text.splitlines()[0] == "name,at,data"
    assert len(csv.text.splitlines()) == 6
    assert_error(await stack.http.get(path, headers=stranger.headers), 404, "contact_not_found")
    assert_error(await stack.http.get(path, params={"cursor": "x"}, headers=user.headers), 422, "cursor", "/cursor")
