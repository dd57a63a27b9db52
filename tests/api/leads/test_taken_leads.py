"""What becomes of leads: contacts, consent, automations, answers; each once, and no two people made one."""

import asyncio
from typing import Any
from uuid import UUID

from domain.audience.contacts.contact import new_contact_id
from store.leads import leads
from tests.api.automations import automations
from tests.api.automations.automations import call, flow, holder, published, sms
from tests.api.templates import helpers as templates
from tests.leads.leads import Source, arrived, reaches, rows, source_of
from tests.segments import new_contact
from tests.stack import Stack, User


def body(**answers: str) -> dict[str, Any]:
    """A form of a web site."""
    return dict(answers)


async def lead(stack: Stack, source: Source, state: str = "done", **answers: str):
    """A lead that somebody sent, once it is in a state."""
    [received] = await arrived(stack, source, str(new_contact_id()), raw=body(**answers))
    return await reaches(stack, received.id, state)


async def form(stack: Stack, user: User, **settings: Any) -> Source:
    return await source_of(stack, user, "form", {}, **settings)


async def replier(stack: Stack) -> User:
    """Somebody who may send, with a template ``thanks``."""
    user = await holder(stack)
    text = "Hi {{ first_name | default: 'you' }}, a {{ answers.size }}?"
    await templates.published(stack, user, "thanks", sms={"en": {"message": text}})
    return user


async def sent(stack: Stack, uid: UUID) -> list[str]:
    """The texts of a message that have arrived in the sandbox, once there are some."""
    admin, asked = await stack.admin(), {"uid": str(uid), "reveal": True}
    async with asyncio.timeout(30):
        while True:
            found = await stack.http.get("/api/admin/v1/sandbox/messages", params=asked, headers=admin.headers)
            if texts := [one["body"] for one in found.json()["data"]]:
                return texts
            await asyncio.sleep(0.05)


async def test_a_conflict_never_merges_two_people(stack: Stack):
    user = await holder(stack)
    one = await new_contact(stack.pool, user.id, phone="+14155550101", email=None)
    other = await new_contact(stack.pool, user.id, email="bo@example.com", phone=None)
    found = await lead(stack, await form(stack, user), phone="+14155550101", email="bo@example.com", first_name="Bo")
    assert (str(found.contact_id), found.conflict, found.code) == (one, {"email": other}, "lead_conflict")
    emails = await rows(stack, "select email from contacts where account_id = %s order by id", user.id)
    assert emails == [(None,), ("bo@example.com",)]


async def test_values_that_are_there_stay_unless_the_source_says_otherwise(stack: Stack):
    user = await holder(stack)
    contact = UUID(await new_contact(stack.pool, user.id, email="ann@example.com", first_name="Ann", tags=["old"]))
    names = "select first_name, last_name, tags from contacts where id = %s"
    await lead(stack, await form(stack, user, tags=["new"]), email="ann@example.com", first_name="A", last_name="Lee")
    assert await rows(stack, names, contact) == [("Ann", "Lee", ["new", "old"])]
    await lead(stack, await form(stack, user, update="keep"), email="ann@example.com", last_name="X")
    assert await rows(stack, names, contact) == [("Ann", "Lee", ["new", "old"])]
    await lead(stack, await form(stack, user, update="overwrite"), email="ann@example.com", first_name="Anna")
    assert await rows(stack, names, contact) == [("Anna", "Lee", ["new", "old"])]


async def test_national_numbers_are_of_the_country_of_the_source(stack: Stack):
    user = await holder(stack)
    found = await lead(stack, await form(stack, user, country="DE"), phone="030 901820")
    assert await rows(stack, "select phone from contacts where id = %s", found.contact_id) == [("+4930901820",)]


async def test_one_address_that_is_wrong_loses_neither_the_other_nor_the_lead(stack: Stack):
    source = await form(stack, await holder(stack))
    found = await lead(stack, source, email="ann@", phone="+14155550102")
    assert (found.code, found.contact_id is not None) == ("email_invalid", True)
    nobody = await lead(stack, source, "invalid", email="ann@", budget="3")
    assert (nobody.code, nobody.contact_id) == ("email_invalid", None)
    nothing = await lead(stack, source, "invalid", colour="red")
    assert nothing.code == "lead_without_address"
    assert "mapping" in (nothing.why or "")


async def test_what_the_form_says_is_the_proof_of_consent(stack: Stack):
    user = await holder(stack)
    rule = {"purpose": "marketing", "channels": ["email"], "text": "Send me news"}
    found = await lead(stack, await form(stack, user, consents=[rule]), email="ann@example.com", phone="+14155550103")
    [(channel, recipient, state, source, text, proof)] = await rows(
        stack,
        "select channel, recipient, state, source, text_shown, proof from consent_events where account_id = %s",
        user.id,
    )
    assert (channel, recipient, state, source, text) == ("email", "ann@example.com", "granted", "lead", "Send me news")
    assert proof["lead"] == str(found.id)


async def test_the_answer_is_sent_once_however_often_the_lead_is_taken(stack: Stack):
    user = await replier(stack)
    source = await form(stack, user, reply={"channel": "sms", "template": "thanks"})
    found = await lead(stack, source, phone="+14155550104", first_name="Ann", size="large")
    assert found.reply_uid is not None
    assert await sent(stack, found.reply_uid) == ["Hi Ann, a large?"]
    await leads.reopen(stack.pool, found.id)
    again = await arrived(stack, source, found.provider_id)
    assert [one.is_new for one in again] == [False]
    after = await reaches(stack, found.id, "done")
    assert (after.reply_uid, await rows(stack, _MESSAGES, user.id)) == (found.reply_uid, [(1,)])


_MESSAGES = "select count(*) from messages where account_id = %s"


async def test_an_answer_that_cannot_be_sent_loses_no_lead(stack: Stack):
    user = await replier(stack)
    reply = {"channel": "email", "template": "thanks"}
    found = await lead(stack, await form(stack, user, reply=reply), phone="+14155550105")
    assert (found.code, found.reply_uid) == ("reply_unreachable", None)
    unknown = {"channel": "sms", "template": "nothing"}
    found = await lead(stack, await form(stack, user, reply=unknown), phone="+14155550106")
    assert (found.code, found.contact_id is not None) == ("template_unknown", True)


async def test_leads_begin_the_automation_of_their_source_and_those_that_listen(stack: Stack):
    user = await holder(stack)
    source = await form(stack, user, automation="named")
    other = await form(stack, user)
    greeting = sms("{{ event.answers.size }} by {{ event.lead.source }}")
    await published(stack, user, flow(greeting, key="named"))
    await published(stack, user, flow(greeting, key="listens", trigger={"kind": "lead", "source": [source.key]}))
    await published(stack, user, flow(greeting, key="others", trigger={"kind": "lead", "source": [other.key]}))
    await published(stack, user, flow(greeting, key="any", trigger={"kind": "lead"}))
    found = await lead(stack, source, phone="+14155550107", size="large")
    assert found.answered is not None
    assert len(found.answered["runs"]) == 3
    for key, number in (("named", 1), ("listens", 1), ("others", 0), ("any", 1)):
        answer = await call(stack, user, "GET", f"/automations/{key}/runs")
        assert len(answer.json()["data"]) == number
    for run in found.answered["runs"]:
        ended = await automations.reaches(stack, user, run)
        assert (ended["trigger"], await automations.texts(stack, user, ended)) == ("lead", [f"large by {source.key}"])


async def test_the_same_form_again_begins_nothing_twice(stack: Stack):
    user = await replier(stack)
    source = await form(stack, user, reply={"channel": "sms", "template": "thanks"})
    first = await lead(stack, source, phone="+14155550108", size="small")
    second = await lead(stack, source, "duplicate", phone="+14155550108", size="small")
    assert (second.conflict, second.contact_id) == ({"lead": str(first.id)}, first.contact_id)
    assert await rows(stack, _MESSAGES, user.id) == [(1,)]


async def test_tests_make_nobody_a_contact(stack: Stack):
    user = await holder(stack)
    source = await source_of(stack, user, "google", {})
    raw = {
        "lead_id": "t1",
        "is_test": True,
        "form_id": 5,
        "user_column_data": [{"column_id": "EMAIL", "string_value": "test@example.com"}],
    }
    [received] = await arrived(stack, source, "t1", raw=raw)
    await reaches(stack, received.id, "test")
    assert await rows(stack, "select count(*) from contacts where account_id = %s", user.id) == [(0,)]


async def test_old_leads_of_imports_are_not_answered(stack: Stack):
    user = await replier(stack)
    source = await form(stack, user, reply={"channel": "sms", "template": "thanks"}, tags=["import"])
    [received] = await arrived(
        stack, source, "old", raw=body(phone="+14155550109", size="small"), notice={"quiet": True}
    )
    found = await reaches(stack, received.id, "done")
    assert (found.contact_id is not None, await rows(stack, _MESSAGES, user.id)) == (True, [(0,)])


async def test_what_people_answered_is_deleted_after_as_many_days_as_the_source_says(stack: Stack):
    user = await holder(stack)
    kept = await lead(stack, await form(stack, user), email="ann@example.com")
    gone = await lead(stack, await form(stack, user, keep_days=10), email="bo@example.com")
    for one in (kept, gone):
        query = "update leads set received_at = received_at - interval '11 days' where id = %s returning 1"
        await rows(stack, query, one.id)
    await leads.delete_old_raw(stack.pool, 90)
    found = [await leads.of_id(stack.pool, one.id) for one in (kept, gone)]
    assert [one is not None and one.sealed is not None for one in found] == [True, False]
