"""An erasure leaves no value of the person anywhere; who is known from elsewhere stays."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.service import RPCError, RPCStatusCode

from domain.audience.consents import ConsentState, NewConsent
from domain.audience.contacts.contact import new_contact_id
from domain.ids import lead_workflow_id, page_of, send_workflow_id
from runtime.codec import encryption_codec
from services.automations.starting import Starter
from services.leads.erasing import erase_by_user, erase_provided
from services.leads.processing.waking import wake
from store.audience.consent import consents
from store.leads import erasures, leads
from store.leads.leads import Lead
from store.pool import InTransaction
from tests.api.access.objects import ended_operation
from tests.api.automations.automations import call, data, flow, holder, published, sms
from tests.api.automations.automations import reaches as run_reaches
from tests.api.leaks import leaks_in_history, leaks_in_tables
from tests.api.templates import helpers as templates
from tests.leads.leads import Source, arrived, reaches, rows, source_of
from tests.stack import Stack, User

ENDPOINT = {"url": "https://192.0.2.1/hook"}
LEFT = "select count(*) from contacts where account_id = %s"


@pytest.fixture(autouse=True)
def no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, as nothing is recorded late here."""
    monkeypatch.setattr("services.persons.carrying_out.AGAIN_AFTER", 0.0)


class Person:
    """Somebody whom no text of others names."""

    def __init__(self) -> None:
        self.mark = uuid4().hex
        letters = "".join(chr(ord("a") + int(digit, 16)) for digit in self.mark)
        self.answers = {
            "email": f"{letters[:12]}@example.com",
            "phone": f"+49151{int(self.mark, 16) % 10**8:08}",
            "first_name": f"Ze{letters[12:20]}",
            "last_name": f"Qu{letters[20:28]}",
            "wish": f"violet hovercraft {letters[28:]} {self.mark[:6]}",
        }

    @property
    def full_name(self) -> str:
        return f"{self.answers['first_name']} {self.answers['last_name']}"

    @property
    def values(self) -> list[str]:
        return list(self.answers.values())


async def taken(stack: Stack, source: Source, person: Person, **more: str) -> Lead:
    """The lead of a person, once all that it asks for was begun."""
    [received] = await arrived(stack, source, str(new_contact_id()), raw=person.answers | more)
    return await reaches(stack, received.id, "done")


async def erased(stack: Stack, source: Source, lead: Lead) -> Lead:
    """The lead, once its erasure was carried out."""
    await erase_provided(stack.pool, source, lead.provider_id)
    await wake(stack.temporal, source.id, lead.provider_id)
    async with asyncio.timeout(60):
        while await rows(stack, "select 1 from lead_erasures where lead_id = %s", lead.id) or await rows(
            stack, "select 1 from erasures where asked_by ->> 'id' = %s and done_at is null", str(lead.id)
        ):
            await asyncio.sleep(0.1)
    found = await leads.of_id(stack.pool, lead.id)
    assert found is not None
    return found


async def busy(stack: Stack, **settings: Any) -> tuple[User, Source]:
    """A source whose leads are answered, enter an automation that tells somebody, and are told of."""
    user = await holder(stack)
    await data(stack, user, "POST", "/callbacks", ENDPOINT)
    text = "Hi {{ first_name }}, a {{ answers.wish }}?"
    await templates.published(stack, user, "thanks", sms={"en": {"message": text}})
    told = {"kind": "notify", "to": {"callback": True}, "message": "{{ contact.last_name }}: {{ event.answers.wish }}"}
    waits = {"kind": "wait", "for": "3d"}
    await published(stack, user, flow(sms("{{ event.answers.wish }}"), told, waits))
    given: dict[str, Any] = {
        "reply": {"channel": "sms", "template": "thanks"},
        "automation": "welcome",
        "notify": {"callback": True},
        "consents": [{"purpose": "marketing", "channels": ["email", "sms"], "text": "Send me news"}],
    }
    return user, await source_of(stack, user, "form", {}, **given | settings)


async def is_told(stack: Stack, user: User, number: int) -> None:
    """Wait until callbacks about both the lead and the automation's step are there."""
    query = "select 1 from callback_deliveries where account_id = %s and type in ('lead.received', 'automation.notice')"
    async with asyncio.timeout(30):
        while len(await rows(stack, query, user.id)) < number:
            await asyncio.sleep(0.1)


async def uids_of(stack: Stack, user: User, number: int) -> list[UUID]:
    """The messages of a user, once so many were sent."""
    query = "select uid from messages where account_id = %s and state = 'sent'"
    async with asyncio.timeout(30):
        while len(found := await rows(stack, query, user.id)) < number:
            await asyncio.sleep(0.1)
    return [uid for (uid,) in found]


async def test_nothing_of_a_person_is_left_in_any_table_or_history(stack: Stack):
    (user, source), person = await busy(stack), Person()
    lead = await taken(stack, source, person)
    uids = await uids_of(stack, user, 2)
    await is_told(stack, user, 2)
    for secret in person.values:
        assert await leaks_in_tables(stack.pool, [secret]), f"{secret} was never stored: the test shows nothing"
    assert lead.answered is not None
    [run] = lead.answered["runs"]
    starter = Starter(stack.pool)
    await starter.start_unstarted(stack.temporal, 0)  # as a worker does within seconds: there is a history then
    await starter.aclose()
    found = await erased(stack, source, lead)
    assert (found.state, found.contact_id, found.sealed) == ("erased", None, None)
    assert await leaks_in_tables(stack.pool, person.values) == []
    assert await rows(stack, LEFT, user.id) == [(0,)]
    codec = encryption_codec(stack.settings.keys.get_secret_value())
    for workflow in (lead_workflow_id(source.id, lead.provider_id), f"automation-{run}"):
        assert await leaks_in_history(stack.temporal, codec, person.values, workflow) == []
    for uid in uids:
        assert await is_gone(stack, send_workflow_id(page_of(uid)))
    ended = await data(stack, user, "GET", f"/runs/{run}")
    assert (ended["state"], ended["reason"]) == ("exited", "erased")
    counted = await rows(stack, "select count(*), sum(price) from messages where account_id = %s", user.id)
    assert counted == [(2, 2)], "that they were sent, and what they cost, stays"


async def test_nothing_is_left_beside_what_the_lead_began(stack: Stack):
    user, person = await holder(stack), Person()
    rules = [{"from": name, "to": name if name != "wish" else "field:wish"} for name in person.answers]
    source = await source_of(stack, user, "form", {}, mapping=rules)
    await rows(stack, "insert into contact_fields values (%s, 'wish', 'text') returning 1", user.id)
    lead = await taken(stack, source, person)
    email, phone = person.answers["email"], person.answers["phone"]
    await data(stack, user, "POST", "/hooks", {"name": "Shop"})
    operation = await ended_operation(stack, user)
    beside: dict[str, tuple[object, ...]] = {
        """insert into inbound_messages (id, gateway_id, account_id, channel, sender, recipient, name, body, media, at)
           values (%s, %s, %s, 'sms', %s, '+14155550100', %s, 'Yes', '{}', now())""": (
            *(uuid4(), uuid4(), user.id, phone, person.answers["first_name"]),
        ),
        """insert into subscribe_requests (id, account_id, channel, recipient, recipient_key, purposes, source,
                                           expires_at)
           values (%s, %s, 'email', %s, %s, '{marketing}', 'api', now())""": (uuid4(), user.id, email, email),
        """insert into automation_hook_samples (id, hook_id, account_id, headers, body)
           select %s, id, account_id, '{}', json_build_object('from', %s::text) from automation_hooks where key = 'shop'
           and account_id = %s""": (uuid4(), email, user.id),
        """insert into idempotency_keys (account_id, key, endpoint, body_hash, page_id, locked_until, status, response)
           values (%s, 'k', '/x', '', %s, now(), 200, %s)""": (user.id, uuid4(), f'{{"to": "{email}"}}'.encode()),
        """insert into automation_notices (id, account_id, automation, kind, subject, message, emails)
           values (%s, %s, 'a', 'automation.notice', %s, '', '{}')""": (uuid4(), user.id, f"{person.full_name} wrote"),
    }
    for statement, values in beside.items():
        assert await rows(stack, f"{statement} returning 1", *values), statement
    letter = {"email": email, "subject": "Hi", "message": f"Dear {person.full_name}"}
    answer = await stack.send(user, "email", letter)
    assert answer.status_code == 200, answer.text
    await uids_of(stack, user, 1)
    await erased(stack, source, lead)
    assert await leaks_in_tables(stack.pool, person.values) == []
    assert await rows(stack, "select 1 from operation_files where operation_id = %s", UUID(operation)) == []
    answers = await rows(stack, "select response from idempotency_keys where account_id = %s and key = 'k'", user.id)
    assert b"erased" in answers[0][0], "the same request again is not carried out again"


async def is_gone(stack: Stack, workflow_id: str) -> bool:
    """Whether Temporal has deleted a workflow: it does so soon after it was asked. Its lists may have the id longer."""
    async with asyncio.timeout(60):
        while True:
            try:
                await stack.temporal.get_workflow_handle(workflow_id).describe()
            except RPCError as error:
                return error.status is RPCStatusCode.NOT_FOUND
            await asyncio.sleep(0.2)


async def test_what_waits_to_be_sent_is_not_sent(stack: Stack):
    user, person = await holder(stack), Person()
    source = await source_of(stack, user, "form", {})
    lead = await taken(stack, source, person)
    at = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S")
    later = {"number": person.answers["phone"], "body": "Hi", "schedule_at": at}
    [message] = (await stack.send(user, "sms", later)).json()["data"]
    await erased(stack, source, lead)
    assert (await stack.status(user, "sms", message["uid"]))["state"] == "cancelled"
    assert await leaks_in_tables(stack.pool, person.values) == []


async def test_a_lead_that_comes_again_after_its_erasure_stays_erased(stack: Stack):
    user, person = await holder(stack), Person()
    source = await source_of(stack, user, "form", {})
    lead = await taken(stack, source, person)
    await erased(stack, source, lead)
    [again] = await arrived(stack, source, lead.provider_id, raw=person.answers)
    assert not again.is_new
    assert await leaks_in_tables(stack.pool, person.values) == []


async def test_who_sends_a_form_again_while_an_erasure_is_under_way_stays(stack: Stack):
    user, person = await holder(stack), Person()
    source = await source_of(stack, user, "form", {})
    lead = await taken(stack, source, person)
    [received] = await arrived(stack, source, str(new_contact_id()), raw=person.answers | {"wish": "another"})
    await reaches(stack, received.id, "duplicate")
    async with stack.pool.connection() as conn, conn.transaction():  # as if it had come after the look at other ways
        await erasures.empty(InTransaction(conn), lead.id, "test")
        await erasures.queue(InTransaction(conn), lead, lead.contact_id, [])
    assert (await erased(stack, source, lead)).state == "erased"
    assert await rows(stack, LEFT, user.id) == [(1,)]


async def keep_by_setting(stack: Stack, user: User, source: Source, person: Person, lead: Lead) -> None:
    query = "update lead_sources set settings = settings || %s::jsonb where id = %s returning 1"
    await rows(stack, query, '{"on_erasure": "erase_lead"}', source.id)


async def value_of_others(stack: Stack, user: User, source: Source, person: Person, lead: Lead) -> None:
    answer = await call(stack, user, "PATCH", f"/contacts/{lead.contact_id}", {"language": "de"})
    assert answer.status_code == 200, answer.text


async def other_lead(stack: Stack, user: User, source: Source, person: Person, lead: Lead) -> None:
    other = await source_of(stack, user, "form", {})
    await taken(stack, other, person)


async def event(stack: Stack, user: User, source: Source, person: Person, lead: Lead) -> None:
    about = {"name": "bought", "contact": {"id": str(lead.contact_id)}}
    answer = await call(stack, user, "POST", "/events", about)
    assert answer.status_code == 200, answer.text


async def group(stack: Stack, user: User, source: Source, person: Person, lead: Lead) -> None:
    query = "insert into contact_groups (account_id, key, name) values (%s, 'buyers', 'Buyers') returning id"
    [(id_,)] = await rows(stack, query, user.id)
    await rows(stack, "update contacts set groups = %s where id = %s returning 1", [id_], lead.contact_id)


async def earlier_message(stack: Stack, user: User, source: Source, person: Person, lead: Lead) -> None:
    await stack.send(user, "sms", {"number": person.answers["phone"], "body": "Hi"})
    await uids_of(stack, user, 1)
    query = "update contacts set created_at = clock_timestamp() where id = %s returning 1"
    await rows(stack, query, lead.contact_id)


@pytest.mark.parametrize("known", [keep_by_setting, value_of_others, other_lead, event, group, earlier_message])
async def test_who_is_known_from_elsewhere_stays_without_the_lead(stack: Stack, known: Any):
    user, person = await holder(stack), Person()
    await published(stack, user, flow({"kind": "wait", "for": "3d"}))
    source = await source_of(stack, user, "form", {}, automation="welcome")
    lead = await taken(stack, source, person)
    await known(stack, user, source, person, lead)
    current = await rows(stack, "select settings from lead_sources where id = %s", source.id)
    source.settings.update(current[0][0])
    assert (await erased(stack, source, lead)).state == "erased"
    assert await rows(stack, LEFT, user.id) == [(1,)]
    assert lead.answered is not None
    [run] = lead.answered["runs"]
    assert (await run_reaches(stack, user, run))["reason"] == "erased"
    query = "select event from automation_runs where id = %s"
    assert await rows(stack, query, UUID(run)) == [({},)]


async def test_a_refusal_stays_without_how_it_is_known(stack: Stack):
    user, person = await holder(stack), Person()
    source = await source_of(stack, user, "form", {})
    lead = await taken(stack, source, person)
    purpose = {"purpose": "marketing", "state": ConsentState.WITHDRAWN, "source": "api", "text_shown": "no more"}
    await consents.record(stack.pool, user.id, [NewConsent("sms", person.answers["phone"], **purpose)])
    await erased(stack, source, lead)
    query = "select recipient, state, text_shown, proof from consents where account_id = %s"
    assert await rows(stack, query, user.id) == [(person.answers["phone"], "withdrawn", None, None)]
    assert await rows(stack, "select 1 from consent_events where account_id = %s", user.id) == []


async def test_a_user_of_an_app_has_those_leads_erased_that_name_them(stack: Stack):
    user, one, other = await holder(stack), Person(), Person()
    source = await source_of(stack, user, "form", {})
    app_user = str(int(uuid4().hex[:12], 16))
    named, kept = await taken(stack, source, one, sender=app_user), await taken(stack, source, other, sender="9" * 15)
    assert await erase_by_user(stack.pool, stack.keyring, stack.temporal, source, app_user) == 1
    states = [found.state for lead in (named, kept) if (found := await leads.of_id(stack.pool, lead.id)) is not None]
    assert states == ["erased", "done"]
