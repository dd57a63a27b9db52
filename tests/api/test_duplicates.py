"""Several contacts of one request that are one recipient: the answer warns, or only the first is sent to."""

from typing import Any

import httpx
import pytest

from api.messages.models import SendAnswer
from services.contacts.duplicates import MAX_LISTED, Duplicates
from tests.api.answers import EMAIL, SMS, assert_error, count_messages, deliveries
from tests.api.batches import all_messages, ended
from tests.api.test_answer_models import fits
from tests.stack import Stack, User

SPELLINGS = ["+14155550123", "+1 (415) 555-0123", "0014155550123", "14155550123", 14155550123, "+1.415.555.0123"]
OTHER = "+14155550124"


async def ready(stack: Stack, channel: str = "sms") -> User:
    user = await stack.user(credit=1000)
    await stack.gateway(user.id, channel, "sandbox", {})
    return user


async def send(stack: Stack, user: User, channel: str, *contacts: dict[str, Any], **wide: Any) -> httpx.Response:
    body = {"contact": list(contacts), **wide}
    return await stack.http.post(f"/api/{channel}/send", json=body, headers=user.headers)


def texts(*numbers: object, **more: object) -> list[dict[str, Any]]:
    return [{"number": number, "body": f"Text {place}", **more} for place, number in enumerate(numbers)]


@pytest.mark.parametrize("wide", [{}, {"duplicates": "send"}, {"duplicates": None}])
async def test_spellings_of_one_number_are_sent_to_each_with_a_warning(stack: Stack, wide):
    user = await ready(stack)
    answer = await send(stack, user, "sms", *texts(*SPELLINGS, OTHER), **wide)
    fits(answer, SendAnswer)
    body = answer.json()
    assert [item["to"] for item in body["data"]] == [SPELLINGS[0]] * 6 + [OTHER]
    (warning,) = body["warnings"]
    message = warning.pop("message")
    assert "5 contacts" in message
    assert "'skip'" in message
    assert warning == {"kind": "duplicates", "count": 5, "skipped": 0, "indexes": [1, 2, 3, 4, 5]}
    for item in body["data"]:
        assert (await stack.final(user, "sms", item["uid"]))["state"] == "sent"


async def test_only_the_first_of_each_recipient_is_sent_to_if_that_is_wanted(stack: Stack):
    user = await ready(stack)
    answer = await send(stack, user, "sms", *texts(*SPELLINGS[:3], OTHER, OTHER), duplicates="skip")
    fits(answer, SendAnswer)
    body = answer.json()
    assert body["message"] == "2 messages accepted"
    assert [item["to"] for item in body["data"]] == [SPELLINGS[0], OTHER]
    (warning,) = body["warnings"]
    assert warning.pop("message").endswith("and were skipped")
    assert warning == {"kind": "duplicates", "count": 3, "skipped": 3, "indexes": [1, 2, 4]}
    sent = []
    for item in body["data"]:
        await stack.final(user, "sms", item["uid"])
        sent += [delivery["body"] for delivery in await deliveries(stack, item["uid"])]
    assert sent == ["Text 0", "Text 3"]
    assert await count_messages(stack, user) == 2


async def test_a_request_of_which_one_message_is_left_is_like_one_with_one_contact(stack: Stack):
    user = await ready(stack)
    headers = user.headers | {"Idempotency-Key": "one left"}
    body = {"contact": texts(*SPELLINGS), "duplicates": "skip"}
    first, again = [await stack.http.post("/api/sms/send", json=body, headers=headers) for _ in range(2)]
    assert first.status_code == 200, first.text
    assert first.content == again.content
    (item,) = first.json()["data"]
    assert first.json()["warnings"][0]["skipped"] == 5
    await stack.final(user, "sms", item["uid"])
    assert await count_messages(stack, user) == 1


async def test_addresses_are_compared_as_suppressions_are(stack: Stack):
    user = await ready(stack, "email")
    addresses = ["ada@example.com", "ada@EXAMPLE.com", " ada@example.com ", "Ada@example.com", "ada@exämple.com"]
    contacts = [EMAIL | {"email": address} for address in [*addresses, "ada@xn--exmple-cua.com"]]
    answer = await send(stack, user, "email", *contacts)
    assert answer.json()["warnings"][0]["indexes"] == [1, 2, 5]
    answer = await send(stack, user, "email", *contacts, duplicates="skip")
    assert [item["to"] for item in answer.json()["data"]] == [
        "ada@example.com",
        "Ada@example.com",
        "ada@xn--exmple-cua.com",
    ]


@pytest.mark.parametrize("wide", [{}, {"duplicates": "skip"}])
async def test_different_recipients_have_no_warning(stack: Stack, wide):
    user = await ready(stack)
    for contacts in (texts(OTHER), texts(SPELLINGS[0], OTHER)):
        answer = await send(stack, user, "sms", *contacts, **wide)
        assert set(answer.json()) == {"success", "message", "data"}


@pytest.mark.parametrize("value", ["Skip", "", True, 1, ["skip"]])
async def test_another_wish_is_refused(stack: Stack, value):
    user = await ready(stack)
    answer = await send(stack, user, "sms", SMS, duplicates=value)
    assert_error(answer, 422, answer.json()["errors"][0]["code"], "/duplicates")


async def test_a_field_of_that_name_in_a_contact_is_for_its_text(stack: Stack):
    user = await ready(stack)
    contact = {"number": OTHER, "duplicates": "three"}
    answer = await send(stack, user, "sms", contact, message="You have {{ duplicates }}")
    uid = answer.json()["data"][0]["uid"]
    await stack.final(user, "sms", uid)
    assert [delivery["body"] for delivery in await deliveries(stack, uid)] == ["You have three"]


async def test_a_wrong_contact_is_pointed_at_where_it_stands_although_others_were_skipped(stack: Stack):
    user = await ready(stack)
    wrong = {"number": OTHER, "body": "Hi", "gateway_identifier": "nobodys"}
    answer = await send(stack, user, "sms", *texts(*SPELLINGS[:3]), wrong, duplicates="skip")
    assert_error(answer, 404, "gateway_not_found", "/contact/3/gateway_identifier")
    answer = await send(stack, user, "sms", *texts(*SPELLINGS[:3]), {"number": "x"}, duplicates="skip")
    assert_error(answer, 422, "number_characters", "/contact/3/number")


@pytest.mark.parametrize("wide", [{}, {"duplicates": "skip"}])
async def test_batches_warn_and_skip_as_well(stack: Stack, wide):
    user = await ready(stack)
    numbers = [f"+1415555{n:04}" for n in range(510)]
    repeated = [number.replace("+1", "001") for number in numbers[:30]]
    answer = (await send(stack, user, "sms", *texts(*repeated, *numbers), **wide)).json()
    (warning,) = answer["warnings"]
    assert warning["count"] == 30
    assert warning["indexes"] == list(range(30, 30 + MAX_LISTED))
    assert warning["skipped"] == (30 if wide else 0)
    assert len(answer["data"]) == (510 if wide else 540)
    await ended(stack, user, answer["batch"])
    sent = [message["to"] for message in await all_messages(stack, user, answer["batch"], limit=500)]
    assert sorted(sent) == sorted(numbers if wide else numbers + numbers[:30])


async def test_a_query_string_can_say_so_too(stack: Stack):
    user = await ready(stack)
    url = f"/api/sms/send?contacts=14155550123,0014155550123,{OTHER[1:]}&message=Hi"
    answer = await stack.http.get(url, headers=user.headers)
    assert (len(answer.json()["data"]), answer.json()["warnings"][0]["count"]) == (3, 1)
    answer = await stack.http.get(url + "&duplicates=skip", headers=user.headers)
    assert (len(answer.json()["data"]), answer.json()["warnings"][0]["skipped"]) == (2, 1)
    assert_error(await stack.http.get(url + "&duplicates=x", headers=user.headers), 422, "literal_error", "/duplicates")


@pytest.mark.parametrize(("skipped", "contacts"), [([], [0, 1, 2]), ([0, 1], [2, 3, 4]), ([1, 3, 4], [0, 2, 5, 6])])
def test_contacts_are_found_again_by_their_messages(skipped: list[int], contacts: list[int]):
    duplicates = Duplicates(skipped, are_skipped=True)
    assert [duplicates.contact_of(index) for index in range(len(contacts))] == contacts
