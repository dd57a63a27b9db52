"""WhatsApp takes texts for 24 hours after a person has written: a template named in the request goes in their place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from activities.whatsapp.reply_window import ReplyWindow
from domain.channels import Channel
from domain.messages.new_page import new_page
from domain.messages.page import DispatchRequest
from domain.messages.page_content import Content, PageContent, PageMessage
from gateways.conformance.fake_provider import serve
from store.gateways import gateways
from tests.api.answers import assert_error
from tests.api.test_narrowed_keys import key_with
from tests.api.whatsapp.fake_meta import PHONE_ID, SECRET, WABA, FakeMeta, hears, post
from tests.api.whatsapp.template_reads import read_templates
from tests.stack import Stack, User

DAY = 86400.0
_numbers = count(15112300000)
TEMPLATE = {
    "name": "hello",
    "language": "en_US",
    "components": [{"type": "body", "parameters": [{"type": "text", "text": "Ada"}]}],
}


def new_number() -> str:
    return f"+49{next(_numbers)}"


@dataclass
class Way:
    """A user's gateway to a Meta of its own."""

    stack: Stack
    user: User
    meta: FakeMeta
    id: object
    identifier: str

    async def send(self, number: str, template: dict[str, Any] | None = TEMPLATE, **more: Any) -> str:
        contact = {"number": number, "message": "Hi Ada", **more}
        if template is not None:
            contact["template_if_closed"] = template
        answered = await self.stack.send(self.user, "whatsapp", contact)
        assert answered.status_code == 200, answered.text
        return answered.json()["data"][0]["uid"]

    async def final(self, uid: str) -> dict[str, Any]:
        return await self.stack.final(self.user, "whatsapp", uid)

    async def ended(self, number: str, **more: Any) -> dict[str, Any]:
        return await self.final(await self.send(number, **more))


@asynccontextmanager
async def open_way(stack: Stack, **config: Any) -> AsyncIterator[Way]:
    user = await key_with(stack, await stack.user(), "templates", "send", "read")
    meta = FakeMeta()
    async with serve(meta.reply) as server:
        settings = {
            "phone_number_id": PHONE_ID,
            "access_token": "EAAG",
            "app_secret": SECRET,
            "base_url": server.url,
            "allow_private_network": True,
        } | config
        identifier = await stack.gateway(user.id, "whatsapp", "whatsapp_cloud", settings)
        (gateway,) = await gateways.named(stack.pool, user.id, identifier)
        yield Way(stack, user, meta, gateway.id, identifier)


def forms(status: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    return [(one["outcome"], one["code"], one["sent_as"]) for one in status["attempts"]]


def choice(number: str, value: str) -> dict[str, Any]:
    chosen = {"wa_id": number[1:], "category": "marketing_messages", "value": value, "timestamp": "1"}
    metadata = {"display_phone_number": "15550953877", "phone_number_id": PHONE_ID}
    return {"metadata": metadata, "user_preferences": [chosen]}


async def test_the_template_goes_to_who_never_wrote_and_the_text_to_who_just_did(stack: Stack):
    async with open_way(stack) as way:
        silent, talking = new_number(), new_number()
        await hears(stack, way.id, talking)
        assert forms(await way.ended(silent)) == [("accepted", None, "template")]
        assert forms(await way.ended(talking)) == [("accepted", None, "message")]
        (sent,) = (body for body in way.meta.sent if body["type"] == "template")
        assert sent["template"] == TEMPLATE | {"language": {"code": "en_US"}}
        assert (way.meta.kinds(silent), way.meta.kinds(talking)) == (["template"], ["text"])


@pytest.mark.parametrize(
    ("ago", "kind"),
    [
        (DAY + 1, "template"),
        (DAY - 30, "template"),  # it would close while the message is on its way
        (DAY - 120, "text"),
        (-7 * DAY, "text"),  # a clock that is ahead
    ],
)
async def test_the_window_is_open_for_a_day_after_the_last_message(stack: Stack, ago: float, kind: str):
    async with open_way(stack) as way:
        number = new_number()
        await hears(stack, way.id, number, ago)
        await way.ended(number)
        assert way.meta.kinds(number) == [kind]


async def test_a_time_in_the_future_opens_the_window_for_no_more_than_a_day(stack: Stack):
    async with open_way(stack) as way:
        number = new_number()
        await hears(stack, way.id, number, ago=-7 * DAY)
        async with stack.pool.connection() as conn:
            await conn.execute(
                "update inbound_messages set received_at = received_at - interval '1 day' where sender = %s", (number,)
            )
        await way.ended(number)
        assert way.meta.kinds(number) == ["template"]


@pytest.mark.parametrize(
    ("wrote", "sent_to"), [("+551187654321", "+5511987654321"), ("+5511987654321", "+551187654321")]
)
async def test_a_number_is_the_same_in_any_spelling(stack: Stack, wrote: str, sent_to: str):
    async with open_way(stack) as way:
        await hears(stack, way.id, wrote)
        assert forms(await way.ended(sent_to))[0][2] == "message"


async def test_what_was_written_to_others_and_choices_open_nothing(stack: Stack):
    async with open_way(stack) as way, open_way(stack) as other:
        number = new_number()
        await hears(stack, other.id, number)
        await post(stack, way.id, "user_preferences", choice(number, "resume"))
        await hears(stack, way.id, new_number())  # what was posted before is stored by then
        await way.ended(number)
        assert way.meta.kinds(number) == ["template"]


async def test_without_a_template_meta_decides_as_before(stack: Stack):
    async with open_way(stack) as way:
        number = new_number()
        way.meta.closed.add(number[1:])
        ended = await way.ended(number, template=None)
        assert (ended["state"], ended["code"], ended["credit"]["state"]) == ("rejected", "outside_window", "released")
        assert forms(ended) == [("refused", "outside_window", None)]


async def test_where_meta_knows_better_the_template_follows_once_for_the_same_credit(stack: Stack):
    async with open_way(stack) as way:
        number = new_number()
        await hears(stack, way.id, number)
        way.meta.closed.add(number[1:])
        ended = await way.ended(number)
        assert forms(ended) == [("retry_later", "outside_window", "message"), ("accepted", None, "template")]
        assert (ended["state"], ended["code"], ended["credit"]) == ("sent", None, {"amount": 1, "state": "captured"})
        assert way.meta.kinds(number) == ["text", "template"]


@pytest.mark.parametrize("wrote", [True, False])
async def test_a_template_that_was_paused_meanwhile_ends_the_message(stack: Stack, wrote: bool):
    async with open_way(stack) as way:
        number = new_number()
        if wrote:
            await hears(stack, way.id, number)
        way.meta.closed.add(number[1:])
        way.meta.refused["hello"] = 132015
        ended = await way.ended(number)
        assert (ended["state"], ended["code"], ended["credit"]["state"]) == ("rejected", "meta_132015", "released")
        assert way.meta.kinds(number) == (["text", "template"] if wrote else ["template"])


async def test_media_and_pages_of_many_messages_are_chosen_one_by_one(stack: Stack):
    async with open_way(stack) as way:
        numbers = [new_number() for _ in range(12)]
        for number in numbers[::2]:
            await hears(stack, way.id, number)
        media = {"media": "image", "url": "https://example.com/i.png", "template_if_closed": TEMPLATE}
        answered = await stack.send(way.user, "whatsapp", *({"number": number, **media} for number in numbers))
        for accepted in answered.json()["data"]:
            assert (await way.final(accepted["uid"]))["state"] == "sent"
        assert [way.meta.kinds(number) for number in numbers] == [["image"], ["template"]] * 6
        assert not any("image" in body for body in way.meta.sent if body["type"] == "template")


async def test_a_message_with_a_marketing_template_is_marketing_in_either_form(stack: Stack):
    async with open_way(stack) as way:
        number = new_number()
        await post(stack, way.id, "user_preferences", choice(number, "stop"))
        await hears(stack, way.id, number)
        ended = await way.ended(number, template=TEMPLATE | {"category": "marketing"})
        assert (ended["state"], ended["code"]) == ("cancelled", "marketing_opted_out")
        assert (await way.ended(number))["state"] == "sent"


async def test_messages_that_name_no_template_ask_nothing():
    content = PageContent([Content(body="Hi"), Content(template="{}")], [PageMessage("+49", 1, 0)])
    nobody: Any = None
    gateway: Any = SimpleNamespace(window_seconds=DAY)
    page = new_page(uuid4(), Channel.WHATSAPP, [1], content.messages, {})
    route: Any = SimpleNamespace(gateway_id=str(uuid4()))
    window = ReplyWindow(nobody, nobody, gateway, DispatchRequest(page, route, 1), content)
    await window.prepare([0])
    message = content.outbound(uuid4(), Channel.WHATSAPP, 0)
    assert window.fit(0, message) == (message, None)


async def test_gateways_without_a_window_send_the_message(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "whatsapp", "sandbox", {})
    answered = await stack.send(
        user, "whatsapp", {"number": new_number(), "message": "Hi", "template_if_closed": TEMPLATE}
    )
    ended = await stack.final(user, "whatsapp", answered.json()["data"][0]["uid"])
    assert forms(ended) == [("accepted", None, None)]


async def test_it_is_checked_as_a_template_before_a_credit_is_held(stack: Stack):
    async with open_way(stack, business_account_id=WABA) as way:
        body = {"type": "BODY", "text": "Hi {{1}}"}
        of_meta = {"id": "1", "name": "hello", "language": "en_US", "status": "APPROVED", "category": "UTILITY"}
        way.meta.templates = [of_meta | {"components": [body]}, of_meta | {"name": "wait", "status": "PAUSED"}]
        await read_templates(stack)
        at = "/contact/1/template_if_closed"
        for template, code, place in (
            (TEMPLATE | {"components": []}, "provider_template_parameters", f"{at}/components"),
            (TEMPLATE | {"language": "de"}, "provider_template_language", f"{at}/language"),
            (TEMPLATE | {"name": "wait"}, "provider_template_not_approved", f"{at}/name"),
            (TEMPLATE | {"name": "none"}, "provider_template_unknown", f"{at}/name"),
        ):
            contacts = [
                {"number": new_number(), "message": "Hi", "template_if_closed": one} for one in (TEMPLATE, template)
            ]
            assert_error(await stack.send(way.user, "whatsapp", *contacts), 422, code, place)
        assert way.meta.sent == []
        await way.ended(new_number())


@pytest.mark.parametrize(
    "contact",
    [
        {"template": TEMPLATE, "template_if_closed": TEMPLATE},
        {"template_if_closed": TEMPLATE},
        {"message": "Hi", "template_if_closed": {"name": ""}},
        {"message": "Hi", "template_if_closed": "hello"},
        {"message": "Hi", "template_if_closed": {"name": "a", "language": 5}},
    ],
)
async def test_what_makes_no_sense_is_refused(stack: Stack, contact: dict[str, Any]):
    user = await stack.user()
    await stack.gateway(user.id, "whatsapp", "sandbox", {})
    answered = await stack.send(user, "whatsapp", {"number": new_number(), **contact})
    assert answered.status_code == 422, answered.text
