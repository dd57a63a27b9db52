"""Fields that nothing reads: the request succeeds as before, and its answer names each with what was probably meant."""

import time
from typing import Any

import httpx
import orjson
import pytest

from api.messages.models import SendAnswer
from api.sending.parse_request import may_be_large, read_request
from domain.channels import Channel
from services.contacts.read import Terms
from services.contacts.unknown_fields import MAX_LISTED
from tests.api.answers import CONTACT, EMAIL, SMS, WHATSAPP, deliveries
from tests.api.batches import ended
from tests.api.test_answer_models import fits
from tests.stack import Stack, User

TERMS = Terms("UTC", None, 1, None)
OTHER = "+14155550124"


def read(
    body: dict[str, Any], channel: Channel = Channel.SMS, terms: Terms = TERMS, stored: list[None] | None = None
) -> list[dict[str, Any]]:
    return read_request(orjson.dumps(body), channel, terms, stored=stored).contacts.warnings()


def fields(warnings: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    found = [one for one in warnings if one["kind"] == "unknown_fields"]
    return [(field["pointer"], field["nearest"]) for one in found for field in one["fields"]]


async def ready(stack: Stack, channel: str = "sms") -> User:
    user = await stack.user(credit=1000)
    await stack.gateway(user.id, channel, "sandbox", {})
    return user


async def post(stack: Stack, user: User, body: dict[str, Any], query: str = "", **headers: str) -> httpx.Response:
    return await stack.http.post(f"/api/sms/send{query}", json=body, headers=user.headers | headers)


async def test_a_misspelt_time_is_named_and_the_message_sent(stack: Stack):
    user = await ready(stack)
    body = {"schedual_at": "2027-01-01T00:00:00Z", "contact": [SMS | {"Schedule-At": "2027-01-01T00:00:00Z"}]}
    answer = await post(stack, user, body)
    fits(answer, SendAnswer)
    (warning,) = answer.json()["warnings"]
    assert "2 fields" in warning["message"]
    assert "/schedual_at (did you mean 'schedule_at'?)" in warning["message"]
    assert (warning["kind"], warning["count"]) == ("unknown_fields", 2)
    assert fields([warning]) == [("/schedual_at", "schedule_at"), ("/contact/0/Schedule-At", "schedule_at")]
    (item,) = answer.json()["data"]
    assert (item["status"], (await stack.final(user, "sms", item["uid"]))["state"]) == ("pending", "sent")


async def test_each_way_of_accepting_a_request_warns(stack: Stack):
    user = await ready(stack)
    wrong = {"number": OTHER, "body": "Hi", "prioritty": "bulk"}
    for contacts in ([wrong], [SMS, wrong]):  # a shared page, a page of its own
        answer = await post(stack, user, {"contact": contacts})
        assert fields(answer.json()["warnings"]) == [(f"/contact/{len(contacts) - 1}/prioritty", None)]
    many = [{"number": f"+1415555{n:04}", "body": "Hi", "odd": n} for n in range(600)]
    body = {"contact": many, "gatewayIdentifier": "x"}
    assert may_be_large(orjson.dumps(body))
    answer = (await post(stack, user, body)).json()
    (warning,) = answer["warnings"]
    assert (warning["count"], len(warning["fields"])) == (601, MAX_LISTED)
    assert fields([warning])[:2] == [("/gatewayIdentifier", "gateway_identifier"), ("/contact/0/odd", None)]
    await ended(stack, user, answer["batch"])


async def test_a_repeated_request_has_the_same_answer(stack: Stack):
    user = await ready(stack)
    key = {"Idempotency-Key": "with a warning"}
    first, again = [await post(stack, user, {"contact": [SMS], "odd": 1}, **key) for _ in range(2)]
    assert first.content == again.content
    assert fields(first.json()["warnings"]) == [("/odd", None)]


@pytest.mark.parametrize("channel", Channel)
def test_a_request_with_known_fields_only_has_no_warning(channel: Channel):
    assert read({"contact": [CONTACT[channel]]}, channel) == []
    contact = {"number": OTHER, "email": "ada@example.com", "subject": "Hi", "name": "Ada"}
    text = {"message": "Hi {{ name }}, {% if subject %}{{ email | default: number }}{% endif %}"}
    if channel is Channel.EMAIL:
        text["subject"] = "Hi {{ name }}"
    assert read({"contact": [contact], **text, "priority": "bulk", "duplicates": "send"}, channel) == []


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        *(("schedual_at", "schedule_at"), ("scheduleAt", "schedule_at"), ("SCHEDULE_AT", "schedule_at")),
        *(("gateway", "gateway_identifier"), ("sender", "sender_id"), ("smstype", "sms_type"), ("mesage", "message")),
        *(("city", None), ("last_name", None), ("", None), ("a/b~c", None), ("x" * 200, None)),
    ],
)
def test_the_nearest_name_is_one_that_may_have_been_meant(name: str, nearest: str | None):
    place = "/contact/0/" + name.replace("~", "~0").replace("/", "~1")
    assert fields(read({"contact": [SMS | {name: 1}]})) == [(place, nearest)]


def test_a_field_at_the_wrong_level_is_told_where_it_belongs():
    (warning,) = read({"contact": [SMS | {"priority": "bulk"}], "sender_id": "ACME"})
    beside, inside = warning["fields"]
    assert beside == {"pointer": "/sender_id", "nearest": "sender_id", "message": "it belongs to each contact"}
    assert inside["message"] == "it belongs beside 'contact'"


def test_fields_of_contacts_that_no_template_names_are_reported():
    body = {"message": "Hi {{ person.name }}", "contact": [{"number": OTHER, "person": {"name": "A"}, "city": "Rome"}]}
    assert fields(read(body)) == [("/contact/0/city", None)]
    body["message"] = "Hi {{ [person.name] | default: 'you' }}"  # any field may be meant, and stored contacts, too
    assert fields(read(body, stored=[None])) == []


def test_steps_of_fallbacks_are_looked_at_once():
    step = {"channel": "email", "after": "10m", "subject": "Hi {{ name }}", "message": "m", "schedule_at": "x"}
    own = {"channel": "whatsapp", "after": "1m", "message": "Hi", "mesage": "Hi", "unless": "read"}
    contact = SMS | {"email": "ada@example.com", "name": "Ada"}
    body = {"fallback": [step], "contact": [contact, contact | {"number": OTHER, "fallback": [own]}]}
    assert fields(read(body)) == [
        ("/fallback/0/schedule_at", None),
        ("/contact/1/fallback/0/mesage", "message"),
        ("/contact/1/fallback/0/unless", None),
    ]
    assert fields(read({"contact": [contact]})) == [("/contact/0/email", None), ("/contact/0/name", None)]


def test_what_belongs_to_another_channel_is_reported():
    assert fields(read({"contact": [WHATSAPP | {"sms_type": "plain"}]}, Channel.WHATSAPP)) == [
        ("/contact/0/sms_type", None)
    ]
    assert fields(read({"contact": [EMAIL | {"body": "Hi", "Reply_To": "x"}]}, Channel.EMAIL)) == [
        ("/contact/0/Reply_To", "reply_to")
    ]


def test_the_warning_is_bounded_whatever_is_sent():
    long = {"x" * 1000 + str(n): 1 for n in range(30)}
    (warning,) = read({"contact": [SMS | long | {f"f{n}": n for n in range(50)}]})
    assert (warning["count"], len(warning["fields"])) == (80, MAX_LISTED)
    assert len(orjson.dumps(warning)) < 3000
    (warning,) = read({"contact": [SMS | long]})
    assert (warning["count"], warning["fields"]) == (30, [])


async def test_query_strings_are_looked_at_as_well(stack: Stack):
    user = await ready(stack)
    url = f"/api/sms/send?contacts={OTHER[1:]}&message=Hi&schedual_at=2027-01-01&priority=bulk&a%2Fb="
    answer = await stack.http.get(url, headers=user.headers)
    fits(answer, SendAnswer)
    assert fields(answer.json()["warnings"]) == [
        ("/schedual_at", "schedule_at"),
        ("/priority", None),
        ("/a~1b", None),
    ]
    answer = await post(stack, user, {"contact": [SMS]}, "?schedule_at=2027-01-01T00:00:00Z")
    assert fields(answer.json()["warnings"]) == [("/schedule_at", None)]
    whatsapp = await ready(stack, "whatsapp")
    url = f"/api/whatsapp/send?contacts={OTHER[1:]}&message=Hi"
    assert "warnings" not in (await stack.http.get(url, headers=whatsapp.headers)).json()
    answer = await stack.http.get(f"{url}&sms_type=plain", headers=whatsapp.headers)
    assert fields(answer.json()["warnings"]) == [("/sms_type", None)]


async def test_a_long_list_in_a_query_string_warns_too_whatever_the_names_are(stack: Stack):
    user = await ready(stack)
    numbers = ",".join(f"1415555{n:04}" for n in range(510))
    url = f"/api/sms/send?contacts={numbers}&message=Hi&odd=1&%00=&%EF%BF%BF=1"
    headers = user.headers | {"Idempotency-Key": "odd names"}
    first, again = [await stack.http.get(url, headers=headers) for _ in range(2)]
    body = first.json()
    assert fields(body["warnings"]) == [("/odd", None), ("/\0", None), ("/\uffff", None)]
    assert first.content == again.content
    await ended(stack, user, body["batch"])


async def test_what_a_warning_repeats_of_a_request_is_still_sent(stack: Stack):
    user = await ready(stack)
    answer = await post(stack, user, {"message": "You {{ have }}", "contact": [{"number": OTHER, "have": "1", "x": 2}]})
    (item,) = answer.json()["data"]
    await stack.final(user, "sms", item["uid"])
    assert [one["body"] for one in await deliveries(stack, item["uid"])] == ["You 1"]


def test_looking_at_many_contacts_costs_next_to_nothing():
    contacts = [{"number": f"+1415555{n:04}", "name": "Ada"} for n in range(2000)]
    plain = orjson.dumps({"message": "Hi {{ name }}", "contact": contacts})
    unread = orjson.dumps({"message": "Hi {{ name }}", "contact": [one | {"city": "Rome"} for one in contacts]})

    def once(raw: bytes) -> float:
        begun = time.thread_time()
        read_request(raw, Channel.SMS, TERMS)
        return time.thread_time() - begun

    both = [(once(plain), once(unread)) for _ in range(9)]  # in turns: the machine's speed changes meanwhile
    assert min(with_more for _, with_more in both) < 1.6 * min(without for without, _ in both)
