"""What contacts write begins runs: a keyword or any text, through some gateways or all."""

import time
from typing import Any
from uuid import UUID, uuid4

from domain.messages.receipts import Inbound
from store.audience import inbound
from tests.api.automations.automations import ada, call, data, entered, flow, holder, published, reaches
from tests.api.automations.test_automation_events import runs_of
from tests.api.automations.test_change_triggers import DONE, begins, events_of
from tests.api.test_inbound import says
from tests.stack import Stack, User

NUMBER = "+14155550123"
STRANGER = "+14155550166"


async def gateways(stack: Stack, *channels: str) -> tuple[User, list[tuple[str, str]]]:
    """A user with a gateway for each channel: their names and ids."""
    user, found = await holder(stack, *channels), []
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select identifier, id from gateways where account_id = %s order by id", (user.id,))
        for name, id_ in await cursor.fetchall():
            found.append((name, str(id_)))
    return user, found


async def writes(stack: Stack, gateway: str, channel: str, body: str) -> None:
    """The contact writes now."""
    said = Inbound(uuid4().hex, time.time() + 1, NUMBER, "us", body)
    assert await inbound.take(stack.pool, UUID(gateway), channel, said, None, 10) is not None


async def entries(stack: Stack, user: User, key: str = "welcome") -> list[tuple[str, str]]:
    found = (await call(stack, user, "GET", f"/automations/{key}/entries")).json()["data"]
    return [(one["trigger"], one["outcome"]) for one in reversed(found)]


async def test_a_keyword_begins_a_run_with_the_message(stack: Stack):
    user, [(name, gateway)] = await gateways(stack, "sms")
    await ada(stack, user)
    entry = {"re_entry": {"mode": "always"}}
    await begins(stack, user, {"kind": "inbound", "keywords": ["Join", "offer"]}, entry=entry)
    for text in ("What is this?", "I join", "join!", "Offer 12 please"):
        await says(stack, gateway, text, NUMBER)
    more = {"channel": "sms", "gateway": name}
    found = [{"text": "join!", **more}, {"text": "Offer 12 please", **more}]
    assert await events_of(stack, user, "welcome", 2) == found


async def test_any_text_begins_a_run_but_no_stop_and_no_empty_one_and_a_repeat_is_the_same(stack: Stack):
    user, [(_, gateway)] = await gateways(stack, "sms")
    await ada(stack, user)
    await begins(stack, user, {"kind": "inbound"}, entry={"re_entry": {"mode": "always"}})
    for text in ("STOP", " ", "", "\0", "Yes", "Hello \0 you"):
        for _ in range(2):
            await says(stack, gateway, text, NUMBER, key=f"key {text!r}")
    found = await events_of(stack, user, "welcome", 2)
    assert [one["text"] for one in found] == ["Yes", "Hello  you"]


async def test_channel_and_gateway_are_filters(stack: Stack):
    user = await holder(stack, "sms", "sms", "whatsapp")
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select identifier, id::text from gateways where account_id = %s order by channel, id", (user.id,)
        )
        (_, first), (name, second), (_, whatsapp) = await cursor.fetchall()
    await ada(stack, user)
    always = {"re_entry": {"mode": "always"}}
    await begins(stack, user, {"kind": "inbound", "gateway": name}, entry=always)
    await begins(stack, user, {"kind": "inbound", "channel": "whatsapp"}, key="chat", name="Chat", entry=always)
    await says(stack, first, "one", NUMBER)
    await says(stack, second, "two", NUMBER)
    assert [one["text"] for one in await events_of(stack, user, "welcome", 1)] == ["two"]
    await writes(stack, whatsapp, "whatsapp", "three")
    assert [one["text"] for one in await events_of(stack, user, "chat", 1)] == ["three"]
    assert len(await runs_of(stack, user, "welcome", 1)) == 1


async def test_somebody_new_becomes_a_contact_of_the_automation_that_their_message_begins(stack: Stack):
    user, [(_, gateway)] = await gateways(stack, "sms")
    await begins(stack, user, {"kind": "inbound", "keywords": ["join"]})
    await says(stack, gateway, "Hello", STRANGER)
    await says(stack, gateway, "STOP", "+14155550167")
    await says(stack, gateway, "join", STRANGER)
    (run,) = await runs_of(stack, user, "welcome", 1)
    contact = await data(stack, user, "GET", f"/contacts/{run['contact']}")
    assert (contact["phone"], contact["origins"]["phone"]["from"]) == (STRANGER, "inbound")
    story = (await call(stack, user, "GET", f"/contacts/{run['contact']}/events")).json()["data"]
    assert [(one["name"], one["data"]["text"]) for one in story] == [("message.received", "join")]
    async with stack.pool.connection() as conn:
        row = await (await conn.execute("select count(*) from contacts where account_id = %s", (user.id,))).fetchone()
    assert row == (1,)


async def test_an_automation_that_makes_no_contacts_notes_that_somebody_came(stack: Stack):
    user, [(_, gateway)] = await gateways(stack, "sms")
    await begins(stack, user, {"kind": "inbound"}, entry={"create_contact": False})
    await says(stack, gateway, "Hello", STRANGER)
    await ada(stack, user)
    await says(stack, gateway, "Hello", NUMBER)
    await runs_of(stack, user, "welcome", 1)
    assert await entries(stack, user) == [("inbound", "no_contact"), ("inbound", "admitted")]


async def test_who_hides_the_number_becomes_no_contact_and_holds_nobody_up(stack: Stack):
    user, [(_, gateway)] = await gateways(stack, "sms")
    await begins(stack, user, {"kind": "inbound"})
    for sender in ("someone-hidden", "'; drop table contacts; --", "+999999999999999", STRANGER):
        await says(stack, gateway, "Hello", sender)
    await runs_of(stack, user, "welcome", 1)
    assert await entries(stack, user) == [("inbound", "no_contact")] * 3 + [("inbound", "admitted")]


async def test_a_run_waits_for_what_its_contact_answers(stack: Stack):
    user, [(_, gateway)] = await gateways(stack, "sms")
    contact = await ada(stack, user)
    yes = {"field": "it.text", "op": "starts_with", "value": "Yes"}
    waits: dict[str, Any] = {"kind": "wait_event", "event": "message.received", "match": yes, "timeout": "1d"}
    await published(stack, user, flow({**waits, "then": [DONE | {"id": "a", "reason": "yes"}]}))
    run = await entered(stack, user, contact)
    await reaches(stack, user, run, "waiting")
    await writes(stack, gateway, "sms", "No")
    await writes(stack, gateway, "sms", "Yes please")
    assert (await reaches(stack, user, run))["reason"] == "yes"


async def test_words_that_opt_out_and_gateways_that_are_not_there_cannot_be_published(stack: Stack):
    user = await holder(stack)
    trigger = {"kind": "inbound", "keywords": ["join", "Stop!", "cancel"], "gateway": "nowhere"}
    await data(stack, user, "POST", "/automations", flow(DONE, trigger=trigger))
    answer = await call(stack, user, "POST", "/automations/welcome/publish")
    assert answer.status_code == 422
    found = [(error["code"], error["pointer"]) for error in answer.json()["errors"]]
    assert found == [
        ("keyword_stop", "/trigger/keywords/1"),
        ("keyword_stop", "/trigger/keywords/2"),
        ("gateway_not_found", "/trigger/gateway"),
    ]
