"""Leads of Meta through `kill -9` of every part: each is taken once, and answered once."""

import asyncio
import hmac
import json
import random
from collections import Counter

import httpx
import pytest

from domain.messages.page import CONCURRENCY
from tests.api.admin import admin
from tests.api.campaigns.campaigns import template
from tests.api.leads.lead_sources import META, new_source
from tests.api.test_narrowed_keys import key_with
from tests.faults.clients import PATIENCE
from tests.faults.dev import Dev
from tests.faults.promise import asked, check_ledger, check_promise
from tests.faults.sink import running_sink
from tests.faults.size import MINUTES, SEED
from tests.leads.graph_double import GraphDouble
from tests.leads.leads import FORM, PAGE, TOKEN
from tests.leads.provider_double import serving
from tests.no_answer import NO_ANSWER
from tests.stack import Stack, User

PEOPLE = 500 if MINUTES else 80
"""With ``FAULT_MINUTES`` all that the promise is of: some minutes more on two cores."""
SECRET = "the-secret-of-the-app"
KILLED = ("bulk worker", "api", "postgres", "temporal", "api")
"""Each while some of the leads are posted."""
KILLED_LATER = ("workers", "postgres", "bulk worker")
"""One after the other while answers go out."""


@pytest.mark.fault
async def test_kill_9_of_every_part_has_each_lead_be_taken_once_and_answered_once(dev: Dev):
    dice = random.Random(SEED)
    async with (
        running_sink(SEED, thinks=0.5) as sink,
        serving(GraphDouble(app_secret=SECRET)) as graph,
        dev.stack() as stack,
    ):
        await (await admin(stack)).data("PATCH", "/settings", {"private_call_hosts": ["127.0.0.1"]})
        user = await key_with(stack, await stack.user(PEOPLE), "contacts", "templates", "send", "read")
        await stack.gateway(user.id, "sms", "http", sink.config, identifier="sink")
        await template(stack, user, "thanks", sms={"en": {"message": "Thanks, {{ first_name }}"}})
        path = await _source(stack, user, graph)
        leads = _leads(graph)
        async with (
            httpx.AsyncClient(base_url=dev.url, timeout=PATIENCE) as http,
            asyncio.TaskGroup() as group,
        ):
            for number, part in enumerate(KILLED):
                for lead in leads[number :: len(KILLED)]:
                    group.create_task(_post(http, path, lead, dice.uniform(0.0, 5.0)))
                await asyncio.sleep(dice.uniform(1.0, 4.0))
                await _kill(dev, part)
        for number, part in enumerate(KILLED_LATER, 1):
            await sink.reaches(PEOPLE * number // (len(KILLED_LATER) + 1), 180)
            await _kill(dev, part)
        await _ended(stack, user)
        rows = await asked(stack, "select uid, state from messages where account_id = %s", user.id)
        states = {str(uid): state for uid, state in rows}
        print(f"seed {SEED}: {dict(Counter(states.values()))}, {len(graph.fetched)} fetches")
        check_promise(sink, list(states), states)
        assert Counter(states.values())["unknown"] < CONCURRENCY * len(KILLED_LATER)
        await _check_leads(stack, user, leads, states)
        await check_ledger(dev, user, states.values())


async def _source(stack: Stack, user: User, graph: GraphDouble) -> str:
    """A page with an app of its own, whose leads are answered. Returns where it posts."""
    graph.add_page(PAGE, "Shop", TOKEN)
    graph.add_form(PAGE, FORM, "Offer", phone_number="Phone", full_name="Name")
    made = await new_source(
        stack,
        user,
        META,
        page_id=PAGE,
        api_url=graph.url,
        credentials={"token": TOKEN, "app_secret": SECRET},
        reply={"channel": "sms", "template": "thanks"},
        tags=["meta"],
    )
    return f"/api/webhook/meta-lead-ads/{made['id']}"


def _leads(graph: GraphDouble) -> list[str]:
    """Leads of different people."""
    ids = [str(9007199254740993 + n) for n in range(PEOPLE)]
    for n, one in enumerate(ids):
        graph.add_lead(FORM, one, phone_number=f"+1415{5_550_000 + n}", full_name=f"Ann Lee{n}")
    return ids


async def _post(http: httpx.AsyncClient, path: str, lead: str, after: float) -> None:
    """As Meta does: until it is taken."""
    value = {"leadgen_id": lead, "page_id": PAGE, "form_id": FORM, "created_time": 1_790_000_000}
    told = {"object": "page", "entry": [{"id": PAGE, "changes": [{"field": "leadgen", "value": value}]}]}
    body = json.dumps(told).encode()
    signature = {"X-Hub-Signature-256": f"sha256={hmac.new(SECRET.encode(), body, 'sha256').hexdigest()}"}
    await asyncio.sleep(after)
    while True:
        try:
            answer = await http.post(path, content=body, headers=signature)
        except NO_ANSWER:
            pass
        else:
            if answer.status_code == 200:
                return
            assert answer.status_code == 503, answer.text
        await asyncio.sleep(0.5)


async def _ended(stack: Stack, user: User) -> None:
    """Wait until every lead has ended and every answer, too."""
    async with asyncio.timeout(240):
        while True:
            [(leads, messages)] = await asked(
                stack,
                """select (select count(*) from leads where account_id = a.id and ended_at is not null),
                          (select count(*) from messages where account_id = a.id and state in ('sent', 'unknown'))
                   from accounts a where a.id = %s""",
                user.id,
            )
            if (leads, messages) == (PEOPLE, PEOPLE):
                return
            await asyncio.sleep(0.3)


async def _check_leads(stack: Stack, user: User, leads: list[str], states: dict[str, str]) -> None:
    """Each is there once, with a contact and an answer of its own."""
    rows = await asked(
        stack,
        """select l.provider_id, l.state, c.phone, c.tags, l.reply_uid
           from leads l left join contacts c on c.id = l.contact_id where l.account_id = %s order by 1""",
        user.id,
    )
    expected = [(lead, "done", f"+1415{5_550_000 + n}", ["meta"]) for n, lead in enumerate(leads)]
    assert [row[:4] for row in rows] == expected
    assert Counter(str(row[4]) for row in rows) == Counter(states.keys())
    assert await asked(stack, "select count(*) from contacts where account_id = %s", user.id) == [(PEOPLE,)]
    parked = "select state, parked_code, unknown, refused from lead_sources where account_id = %s"
    assert await asked(stack, parked, user.id) == [("active", None, 0, 0)]


async def _kill(dev: Dev, part: str) -> None:
    while not dev.kill(part):
        await asyncio.sleep(0.02)
