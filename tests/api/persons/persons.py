"""Persons for tests: somebody of whom an account knows all that it can, and calls about them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.audience.consents import ConsentState, NewConsent
from store.audience.consent import consents
from store.leads.sealing import seal_lead
from tests.api.automations.automations import data, flow, holder, published, sms
from tests.api.leads.test_lead_erasure import Person
from tests.api.operations import ended
from tests.leads.leads import rows
from tests.leads_made import new_lead, new_source
from tests.stack import Stack, User


def later() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


async def known_person(stack: Stack) -> tuple[User, Person, str]:
    """A user, somebody of whom it knows a lot, and the id of their contact."""
    user, person = await holder(stack), Person()
    answers = person.answers
    await data(stack, user, "POST", "/contact-fields", {"key": "wish", "type": "text"})
    values = {name: answers[name] for name in ("email", "phone", "first_name", "last_name")}
    contact = await data(stack, user, "POST", "/contacts", values | {"fields": {"wish": answers["wish"]}})
    await published(stack, user, flow(sms("{{ contact.last_name }}"), {"kind": "wait", "for": "3d"}))
    await data(stack, user, "POST", "/automations/welcome/runs", {"contact": contact["id"]})
    about = {"name": "bought", "contact": {"id": contact["id"]}, "data": {"wish": answers["wish"]}}
    await data(stack, user, "POST", "/events", about)
    given = {"purpose": "marketing", "source": "shop", "text_shown": f"I am {person.full_name}"}
    granted = [NewConsent("email", answers["email"], state=ConsentState.GRANTED, **given)]
    await consents.record(stack.pool, user.id, granted)
    await inbound(stack, user, answers["phone"], f"Yes, {answers['wish']}")
    await nameless_lead(stack, user, person)
    return user, person, contact["id"]


async def inbound(stack: Stack, user: User, sender: str, body: str) -> None:
    query = """insert into inbound_messages (id, gateway_id, account_id, channel, sender, recipient, body, media, at)
               values (%s, %s, %s, 'sms', %s, '+14155550100', %s, '{}', now()) returning 1"""
    await rows(stack, query, uuid4(), uuid4(), user.id, sender, body)


async def nameless_lead(stack: Stack, user: User, person: Person) -> UUID:
    """A lead of which no contact was made. Its number has spaces."""
    phone = person.answers["phone"]
    lead = await new_lead(stack.pool, await new_source(stack.pool, user.id), state="invalid")
    raw = {"answers": {"tel": f"{phone[:3]} {phone[3:7]} {phone[7:]}", "wish": person.answers["wish"]}}
    sealed = seal_lead(stack.keyring, lead, raw)
    await rows(stack, "update leads set sealed = %s where id = %s returning 1", sealed, lead)
    return lead


async def sent(stack: Stack, user: User, number: int) -> list[UUID]:
    """The messages of a user, once so many were sent."""
    query = "select uid from messages where account_id = %s and state = 'sent'"
    async with asyncio.timeout(30):
        while len(found := await rows(stack, query, user.id)) < number:
            await asyncio.sleep(0.1)
    return [uid for (uid,) in found]


async def erased(stack: Stack, user: User, **named: Any) -> dict[str, Any]:
    """The proof of an erasure, once it was carried out."""
    begun = await data(stack, user, "POST", "/persons/erasures", named)
    return await proof(stack, user, begun["erasure"]["id"])


async def proof(stack: Stack, user: User, erasure: str) -> dict[str, Any]:
    operation = await ended(stack.pool, erasure)
    assert operation.state == "done", operation.errors
    assert operation.input == {}, "nothing is left that names the person"
    found: dict[str, Any] = await data(stack, user, "GET", f"/persons/erasures/{erasure}")
    return found
