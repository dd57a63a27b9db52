"""Numbers of no range that is known: they are sent to, and the answer says whose they are."""

from typing import Any

import orjson
import pytest

from api.messages.models import SendAnswer
from api.sending.parse_request import read_request
from domain.channels import Channel
from services.contacts.numbers import MAX_LISTED
from services.contacts.read import Terms
from tests.api.answers import SMS
from tests.api.batches import ended
from tests.api.test_answer_models import fits
from tests.stack import Stack

TERMS = Terms("UTC", None, 1, None)
STRANGE = "+15555550123"


def read(contacts: list[dict[str, Any]], channel: Channel = Channel.SMS, **wide: Any) -> list[dict[str, Any]]:
    warnings = read_request(orjson.dumps({"contact": contacts, **wide}), channel, TERMS).contacts.warnings()
    return [one for one in warnings if one["kind"] == "unknown_numbers"]


async def test_they_are_accepted_and_named_however_the_request_is_accepted(stack: Stack):
    user = await stack.user(credit=1000)
    await stack.gateway(user.id, "sms", "sandbox", {})
    for contacts in ([SMS | {"number": STRANGE}], [SMS, SMS | {"number": STRANGE}]):
        answer = await stack.send(user, "sms", *contacts)
        fits(answer, SendAnswer)
        (warning,) = answer.json()["warnings"]
        assert "1 contact" in warning.pop("message")
        assert warning == {"kind": "unknown_numbers", "count": 1, "indexes": [len(contacts) - 1]}
        item = answer.json()["data"][-1]
        assert item["to"] == STRANGE
        assert (await stack.final(user, "sms", item["uid"]))["state"] == "sent"
    answer = await stack.send(user, "sms", *[SMS | {"number": f"+1555555{n:04}"} for n in range(510)])
    (warning,) = answer.json()["warnings"]
    assert (warning["count"], warning["indexes"]) == (510, list(range(MAX_LISTED)))
    await ended(stack, user, answer.json()["batch"])


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
def test_both_channels_of_numbers_warn(channel: Channel):
    contacts = [{"number": number, "message": "Hi"} for number in (STRANGE, "+14155550123", STRANGE[1:])]
    (warning,) = read(contacts, channel)
    assert (warning["count"], warning["indexes"]) == (2, [0, 2])


def test_indexes_are_those_of_contacts_although_some_were_skipped():
    contacts = [SMS, SMS, SMS | {"number": STRANGE}, SMS | {"number": STRANGE}]
    (warning,) = read(contacts, duplicates="skip")
    assert (warning["count"], warning["indexes"]) == (1, [2])


def test_numbers_of_fallbacks_count_as_well():
    step = {"channel": "whatsapp", "after": "10m", "message": "Hi", "number": STRANGE}
    (warning,) = read([SMS, SMS | {"number": "+14155550124", "fallback": [step]}])
    assert warning["indexes"] == [1]


def test_known_numbers_have_no_warning():
    assert read([SMS, SMS | {"number": "+21620123456"}]) == []
