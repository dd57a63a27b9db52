"""An erasure leaves no value of a person in any table, in whatever state what they were sent is, and a proof stays."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.ids import page_of, send_workflow_id
from runtime.codec import encryption_codec
from store.persons import removing
from tests.api.access.objects import ended_operation
from tests.api.admin import admin
from tests.api.automations.automations import call, data, holder
from tests.api.leads.test_lead_erasure import Person, is_gone
from tests.api.leaks import leaks_in_history, leaks_in_tables
from tests.api.operations import ended
from tests.api.persons.persons import erased, inbound, known_person, later, proof, sent
from tests.leads.leads import rows
from tests.stack import Stack, User


@pytest.fixture(autouse=True)
def no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, as nothing is recorded late here."""
    monkeypatch.setattr("services.persons.carrying_out.AGAIN_AFTER", 0.0)


async def scheduled(stack: Stack, user: User, *numbers: str) -> list[str]:
    """The uids of messages that wait, of one page."""
    messages = [{"number": number, "body": "Hi", "schedule_at": later()} for number in numbers]
    answer = await stack.send(user, "sms", *messages)
    assert answer.status_code == 200, answer.text
    uids = [one["uid"] for one in answer.json()["data"]]
    async with asyncio.timeout(30):
        while len(await rows(stack, "select 1 from messages where uid = any(%s::uuid[])", uids)) < len(uids):
            await asyncio.sleep(0.05)
    return uids


async def test_nothing_of_a_person_is_left_in_any_table_or_history(stack: Stack):
    user, person, contact = await known_person(stack)
    other = "+14155557788"
    spelt = person.answers["email"].capitalize()
    letter = {"email": spelt, "subject": "Hi", "message": f"Dear {person.full_name}"}
    assert (await stack.send(user, "email", letter)).status_code == 200
    uids = await sent(stack, user, 2)
    _, others = await scheduled(stack, user, person.answers["phone"], other)
    [fallen] = await scheduled(stack, user, person.answers["phone"])
    export = await ended_operation(stack, user)
    counted = await data(stack, user, "POST", "/persons/erasures?dry_run=true", {"contact": contact})
    assert counted["erasure"] is None
    kinds = ("contacts", "messages", "messages_waiting", "automation_runs", "inbound_messages", "consent_events")
    assert [counted["counts"][kind] for kind in kinds] == [1, 4, 2, 1, 1, 1]
    values = [*person.values, spelt]
    stored = {leak.partition(": ")[2] for leak in await leaks_in_tables(stack.pool, values)}
    assert stored == set(values), "what was never stored shows nothing"
    found = await erased(stack, user, contact=contact)
    assert await leaks_in_tables(stack.pool, values) == []
    assert await rows(stack, "select 1 from operation_files where operation_id = %s", UUID(export)) == []
    for uid in uids:
        assert await is_gone(stack, send_workflow_id(page_of(uid)))
    assert (await stack.status(user, "sms", others))["state"] == "scheduled", "others on a page are not concerned"
    assert (await stack.status(user, "sms", fallen))["state"] == "cancelled"
    runs = await rows(stack, "select state, reason from automation_runs where account_id = %s", user.id)
    assert runs == [("exited", "erased")]
    states = await rows(stack, "select state from leads where account_id = %s", user.id)
    assert states == [("erased",)], "also a lead of which no contact was made"
    shared = send_workflow_id(page_of(UUID(others)))
    codec = encryption_codec(stack.settings.keys.get_secret_value())
    assert await leaks_in_history(stack.temporal, codec, person.values, shared) == [person.answers["phone"]]
    assert (found["state"], found["named_by"], found["asked_by"]["type"]) == ("done", "contact", "user")
    assert found["asked_by"]["id"] == str(user.id)
    expected = {"contacts": 1, "leads": 1, "messages": 4, "inbound_messages": 1, "consents": 1, "consent_events": 1}
    assert expected.items() <= found["removed"].items()
    assert {one["what"]: one["until"] is None for one in found["remains"]} == {
        "refusals": True,
        "histories": False,
        "backups": True,
    }
    money = await rows(stack, "select count(*), sum(price) from messages where account_id = %s", user.id)
    assert money == [(5, 5)], "that they were sent, and what they cost, stays"


async def test_somebody_of_whom_only_a_number_is_known_is_erased(stack: Stack):
    user, person = await holder(stack), Person()
    phone = f"+5511{person.answers['phone'][-8:]}"  # in Brazil WhatsApp leaves a digit out
    answer = await stack.send(user, "sms", {"number": phone[:5] + "9" + phone[5:], "body": person.answers["wish"]})
    assert answer.status_code == 200, answer.text
    await sent(stack, user, 1)
    await inbound(stack, user, phone, person.answers["wish"])
    found = await erased(stack, user, phone=phone[:5] + "9" + phone[5:])
    assert (found["removed"]["messages"], found["removed"]["inbound_messages"]) == (1, 1)
    assert await leaks_in_tables(stack.pool, [phone[5:], person.answers["wish"]]) == []
    await rows(stack, "update messages set state = 'failed' where account_id = %s returning 1", user.id)
    query = "select n.step from messages m, next_step(m.uid, 'delivered', true, %s) n where m.account_id = %s"
    assert await rows(stack, query, uuid4(), user.id) == [("done",)], "no fallback is sent any more"


async def test_who_refused_mail_gets_none_after_the_erasure_either(stack: Stack):
    user, person = await holder(stack), Person()
    email = person.answers["email"]
    await data(stack, user, "POST", "/suppressions", {"channel": "email", "recipient": email, "reason": "asked"})
    found = await erased(stack, user, email=email.upper())
    assert found["remains"][0] == {"what": "refusals", "rows": 1, "until": None}
    assert await leaks_in_tables(stack.pool, [email]) == [f"suppressions: {email}"]
    [uid] = (await stack.send(user, "email", {"email": email, "subject": "Hi", "message": "Hi"})).json()["data"]
    assert (await stack.final(user, "email", uid["uid"]))["code"] == "suppressed"


async def test_who_comes_again_meanwhile_gets_the_message_and_two_erasures_at_once_are_one(stack: Stack):
    user, person = await holder(stack), Person()
    phone = person.answers["phone"]
    await scheduled(stack, user, phone)
    [one, two] = await asyncio.gather(
        *(data(stack, user, "POST", "/persons/erasures", {"phone": phone}) for _ in range(2))
    )
    answer = await stack.send(user, "sms", {"number": phone, "body": "Hi again"})
    [new] = answer.json()["data"]
    proofs = [await proof(stack, user, begun["erasure"]["id"]) for begun in (one, two)]
    assert sum(found["removed"].get("messages", 0) for found in proofs) == 1
    assert (await stack.final(user, "sms", new["uid"]))["state"] == "sent"
    kept = await rows(stack, "select recipient, state from messages where account_id = %s order by uid", user.id)
    assert kept == [("", "cancelled"), (phone, "sent")]


async def test_what_fails_in_the_middle_is_done_again_as_a_whole(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    user, person, contact = await known_person(stack)
    await sent(stack, user, 1)
    tried: list[int] = []
    remove = removing.remove

    async def remove_half(store: Any, of: removing.Person) -> Any:
        removed = await remove(store, of)
        tried.append(len(tried))
        if len(tried) == 1:
            raise RuntimeError("as if the process had died before it was stored")
        return removed

    monkeypatch.setattr("store.persons.removing.remove", remove_half)
    found = await erased(stack, user, contact=contact)
    assert len(tried) == 2
    assert found["removed"]["contacts"] == 1
    assert found["removed"]["messages"] == 1
    assert await leaks_in_tables(stack.pool, person.values) == []


async def test_an_erasure_waits_for_imports_that_may_bring_the_person_again(stack: Stack):
    user, person = await holder(stack), Person()
    email = person.answers["email"]
    csv = f"email\n{email}\n".encode()
    begun = await stack.http.post(
        "/api/contacts/import", content=csv, headers=user.headers | {"Content-Type": "text/csv"}
    )
    assert begun.status_code == 200, begun.text
    await erased(stack, user, email=email)
    assert (await ended(stack.pool, begun.json()["data"]["id"])).state == "done"
    assert await rows(stack, "select 1 from contacts where account_id = %s", user.id) == []
    async with asyncio.timeout(30):
        while await leaks_in_tables(stack.pool, [email]):
            await asyncio.sleep(0.2)


async def test_a_person_is_named_by_one_value_and_of_ones_own(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    for body in ({}, {"email": "ada@example.com", "phone": "+14155550100"}):
        answer = await call(stack, user, "POST", "/persons/erasures", body)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "person_unnamed")
    answer = await call(stack, user, "POST", "/persons/erasures", {"contact": str(uuid4())})
    assert answer.json()["errors"][0]["code"] == "contact_not_found"
    begun = await data(stack, user, "POST", "/persons/erasures", {"phone": "+14155557070"})
    where = f"/persons/erasures/{begun['erasure']['id']}"
    assert (await call(stack, other, "GET", where)).status_code == 404
    assert [one["id"] for one in await data(stack, user, "GET", "/persons/erasures")] == [begun["erasure"]["id"]]


async def test_staff_erases_with_its_permission_and_the_audit_log_does_not_name_the_person(stack: Stack):
    owner, user, person = await admin(stack), await holder(stack), Person()
    email = person.answers["email"]
    assert (await stack.send(user, "email", {"email": email, "subject": "Hi", "message": "Hi"})).status_code == 200
    await sent(stack, user, 1)
    where = f"/users/{user.id}/persons/erasures"
    support = await owner.colleague("support")
    assert (await support.call("POST", where, {"email": email})).status_code == 403
    begun = await owner.data("POST", where, {"email": email})
    await ended(stack.pool, begun["erasure"]["id"])
    found = await owner.data("GET", f"{where}/{begun['erasure']['id']}")
    assert (found["state"], found["removed"]["messages"]) == ("done", 1)
    (event,) = await owner.data("GET", f"/audit?target=user:{user.id}&action=person.erased")
    assert {"type": "erasure", "id": found["id"], "name": ""} in event["targets"]
    assert await leaks_in_tables(stack.pool, [email]) == []
