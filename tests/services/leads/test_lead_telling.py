"""Staff notices of leads: to whom, what they say, in turn, and once."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from services.leads.telling import tell_lead, tell_parked
from store.accounts import accounts
from store.leads import sources
from store.leads.sources import Source
from store.pool import InTransaction, Pool
from tests.leads_made import again, new_lead, new_source, person
from tests.store.builders import new_account

ABOUT = {"campaign_name": "Spring\nFair", "campaign_id": "23", "ad_id": "77"}
SALES = [f"{name}@shop.example" for name in ("ann", "bob", "cyd")]


@pytest.fixture
async def account(empty: Pool) -> int:
    """An account that has verified ``shop.example``, and listens to callbacks."""
    account_id = await new_account(empty)
    async with empty.connection() as conn:
        await conn.execute(
            """insert into sender_domains (account_id, domain, state, selector, key, public, token)
               values (%s, 'shop.example', 'verified', 's', '', '', 't')""",
            (account_id,),
        )
        await conn.execute(
            """insert into callback_endpoints (id, account_id, url, secrets)
               values (gen_random_uuid(), %s, 'https://192.0.2.1/', '')""",
            (account_id,),
        )
    return account_id


async def rows(pool: Pool, statement: str, *values: object) -> list[tuple[Any, ...]]:
    async with pool.connection() as conn:
        return await (await conn.execute(statement.encode(), values)).fetchall()


async def mailed(pool: Pool) -> list[tuple[list[str], str, str]]:
    return await rows(pool, "select emails, subject, message from automation_notices order by at")


async def posted(pool: Pool) -> list[tuple[str, dict[str, Any]]]:
    return await rows(pool, "select type, data from callback_deliveries order by occurred_at")


async def told(pool: Pool, source: Source, lead: UUID | None = None, **contact: Any) -> UUID:
    lead = lead or await new_lead(pool, source)
    async with pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        somebody = person(source.account_id, **contact)
        await tell_lead(store, source, lead, somebody, ABOUT, {"public_url": "https://x.example/"})
    return lead


async def test_a_notice_has_what_is_needed_to_call_at_once(empty: Pool, account: int):
    source = await new_source(empty, account, notify={"emails": SALES})
    lead = await told(empty, source)
    [(emails, subject, message)] = await mailed(empty)
    assert emails == SALES
    assert subject == "New lead: Ada Lovelace (Spring Fair)"
    assert message.split("\n\n") == [
        "Ada Lovelace filled in a form of Spring Fair.",
        "Call: tel:+4915112345678\nWhatsApp: https://wa.me/4915112345678\nMail: mailto:ada@example.com",
        "Campaign: Spring Fair\nAd: 77",
        f"The lead: https://x.example/api/leads/{lead}",
    ]
    assert await posted(empty) == [], "callback was not asked for"


async def test_a_lead_is_told_once_and_a_replay_is_nobodys_turn(empty: Pool, account: int):
    source = await new_source(empty, account, notify={"emails": SALES, "by": "round_robin", "callback": True})
    lead = await told(empty, source)
    await told(empty, source, lead)
    await told(empty, source)
    assert [emails for emails, *_ in await mailed(empty)] == [SALES[:1], SALES[1:2]]
    [(kind, data), _] = await posted(empty)
    assert (kind, data["lead"], data["lead_source"]) == ("lead.received", str(lead), source.key)
    assert (data["phone"], data["about"]) == ("+4915112345678", ABOUT)


async def test_turns_are_fair_while_several_workers_take_leads(empty: Pool, account: int):
    source = await new_source(empty, account, notify={"emails": SALES, "by": "round_robin"})
    await asyncio.gather(*(told(empty, source) for _ in range(12)))
    assert Counter(emails[0] for emails, *_ in await mailed(empty)) == dict.fromkeys(SALES, 4)


async def test_a_lead_that_is_rolled_back_takes_no_turn(empty: Pool, account: int):
    source = await new_source(empty, account, notify={"emails": SALES, "by": "round_robin"})
    async with empty.connection() as conn, conn.transaction(force_rollback=True):
        await tell_lead(InTransaction(conn), source, UUID(int=1), person(account), {}, {})
    await told(empty, source)
    assert [emails for emails, *_ in await mailed(empty)] == [SALES[:1]]


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ({"country": "DE"}, ["ann@shop.example"]),
        ({}, ["ann@shop.example"]),
        ({"country": "FR"}, ["bob@shop.example"]),
        ({"phone": "+14155550123"}, ["cyd@shop.example"]),
        ({"phone": None}, ["cyd@shop.example"]),
    ],
)
async def test_leads_of_a_country_go_to_its_people(empty: Pool, account: int, contact: Any, expected: list[str]):
    countries = {"DE": ["ann@shop.example"], "FR": ["bob@shop.example"]}
    notify = {"emails": ["cyd@shop.example"], "by": "country", "countries": countries}
    await told(empty, await new_source(empty, account, notify=notify), **contact)
    assert [emails for emails, *_ in await mailed(empty)] == [expected]


async def test_nobody_else_is_mailed_once_a_domain_is_not_the_accounts_any_more(empty: Pool, account: int):
    owner = await accounts.get(empty, account)
    assert owner is not None
    notify = {"emails": [*SALES, owner.email, "x@elsewhere.test"], "by": "round_robin"}
    source = await new_source(empty, account, notify=notify)
    await rows_of_domain_lost(empty)
    for _ in range(2):
        await told(empty, source)
    assert [emails for emails, *_ in await mailed(empty)] == [[owner.email]] * 2


async def rows_of_domain_lost(pool: Pool) -> None:
    async with pool.connection() as conn:
        await conn.execute("update sender_domains set state = 'unverified'")


async def test_a_source_without_notice_tells_nobody(empty: Pool, account: int):
    await told(empty, await new_source(empty, account))
    assert (await mailed(empty), await posted(empty)) == ([], [])


async def test_a_name_cannot_add_lines_to_a_notice(empty: Pool, account: int):
    source = await new_source(empty, account, notify={"emails": SALES})
    await told(empty, source, first_name="Eve\r\n\r\nBcc: x@y.example", last_name="y" * 200)
    [(_, subject, message)] = await mailed(empty)
    assert len(subject.splitlines()) == 1
    assert len(subject) < 120
    assert message.startswith("Eve Bcc: x@y.example y")


async def test_the_owner_is_told_once_of_each_parking(empty: Pool, account: int):
    source = await new_source(empty, account, "meta")
    owner = await accounts.get(empty, account)
    assert owner is not None
    for _ in range(2):
        for _ in range(3):
            async with empty.connection() as conn, conn.transaction():
                store = InTransaction(conn)
                if await sources.park(store, source.id, source.edition, "token", "The token has expired."):
                    await tell_parked(store, source, "token", "The token has expired.")
        await sources.resume(empty, source.id)
    found = await mailed(empty)
    assert [(emails, subject) for emails, subject, _ in found] == [([owner.email], "Leads wait: Spring Fair")] * 2
    assert "The token has expired." in found[0][2]
    assert "No lead is lost" in found[0][2]
    assert f"/api/lead-sources/{source.key}" in found[0][2]
    [(kind, data), _] = await posted(empty)
    assert (kind, data["code"], data["lead_source"]) == ("lead_source.parked", "token", source.key)
    assert (await again(empty, source.id)).state == "active"
