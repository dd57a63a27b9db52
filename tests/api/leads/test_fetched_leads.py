"""Leads whose provider has to be asked for them: a double of Meta's API over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.admin import admin
from tests.api.automations.automations import holder
from tests.leads.graph_double import Fault, GraphDouble
from tests.leads.leads import FORM, PAGE, TOKEN, all_of, arrived, new_token, now, reaches, rows, source_of
from tests.leads.provider_double import serving
from tests.stack import Stack, User


@pytest.fixture
async def graph(own_stack: Stack) -> AsyncIterator[GraphDouble]:
    await (await admin(own_stack)).data("PATCH", "/settings", {"private_call_hosts": ["127.0.0.1"]})
    async with serving(GraphDouble()) as double:
        double.add_page(PAGE, "Shop", TOKEN)
        double.add_form(PAGE, FORM, "Offer", email="E-mail", phone_number="Phone")
        yield double


async def meta(stack: Stack, user: User, graph: GraphDouble, **settings: object):
    return await source_of(stack, user, "meta", {"token": TOKEN}, page_id=PAGE, api_url=graph.url, **settings)


def some(graph: GraphDouble, first: int, number: int, **more: object) -> list[str]:
    """Leads of different people."""
    ids = [str(9007199254740993 + first + n) for n in range(number)]
    for n, one in enumerate(ids, first):
        graph.add_lead(FORM, one, email=f"lead{n}@example.com", phone_number=f"+1415556{n:04}", **more)
    return ids


async def test_a_lead_becomes_a_contact(own_stack: Stack, graph: GraphDouble):
    user = await holder(own_stack)
    source = await meta(own_stack, user, graph, tags=("fair",))
    graph.add_lead(FORM, "9007199254740993", email="Ann@Example.com", full_name="Ann Lee", budget="high")
    [received] = await arrived(own_stack, source, "9007199254740993")
    lead = await reaches(own_stack, received.id, "done")
    [(email, first, last, tags)] = await rows(
        own_stack, "select email, first_name, last_name, tags from contacts where id = %s", lead.contact_id
    )
    assert (email.lower(), first, last, tags) == ("ann@example.com", "Ann", "Lee", ["fair"])
    assert lead.created_time is not None


async def test_a_dead_token_parks_the_source_once_and_all_go_on_in_order(own_stack: Stack, graph: GraphDouble):
    user = await holder(own_stack)
    source = await meta(own_stack, user, graph)
    ids = some(graph, 0, 100)
    await arrived(own_stack, source, *ids[:10])
    await all_of(own_stack, source, 10, "done")
    graph.kill_token(TOKEN)
    for one in ids[10:]:
        await arrived(own_stack, source, one)
    await all_of(own_stack, source, 90, "parked")
    parked = await now(own_stack, source)
    assert (parked.state, parked.parked_code is not None, parked.parked_reason is not None) == ("parked", True, True)
    told = "select count(*) from automation_notices where account_id = %s and kind = 'lead_source.parked'"
    assert await rows(own_stack, told, user.id) == [(1,)]
    graph.set_token(PAGE, "token-two")
    before = len(graph.fetched)
    await new_token(own_stack, source, "token-two")
    await all_of(own_stack, source, 100, "done")
    assert graph.fetched[before:] == ids[10:]
    assert len(set(graph.fetched)) == len(graph.fetched) == 100
    assert await rows(own_stack, "select count(*) from contacts where account_id = %s", user.id) == [(100,)]


async def test_a_deleted_lead_parks_nothing(own_stack: Stack, graph: GraphDouble):
    source = await meta(own_stack, await holder(own_stack), graph)
    ids = some(graph, 200, 5)
    graph.delete_lead(ids[2])
    received = await arrived(own_stack, source, *ids)
    of_id = {one.provider_id: one.id for one in received}
    assert (await reaches(own_stack, of_id[ids[2]], "gone")).code == "lead_gone"
    for one in (*ids[:2], *ids[3:]):
        await reaches(own_stack, of_id[one], "done")
    assert (await now(own_stack, source)).state == "active"


async def test_leads_of_which_none_can_be_seen_park_the_source(own_stack: Stack, graph: GraphDouble):
    source = await meta(own_stack, await holder(own_stack), graph)
    graph.is_hidden = True
    await arrived(own_stack, source, *some(graph, 300, 3))
    found = await all_of(own_stack, source, 3, "parked")
    assert all(one.why for one in found)
    parked = await now(own_stack, source)
    assert parked.state == "parked"
    assert parked.parked_reason is not None
    assert "Access" in parked.parked_reason


async def test_missed_leads_are_found_and_none_twice(own_stack: Stack, graph: GraphDouble):
    """The webhook is off for 40 hours."""
    user = await holder(own_stack)
    source = await meta(own_stack, user, graph)
    begun = datetime.now(UTC) - timedelta(hours=40)
    await rows(own_stack, "update lead_sources set created_at = %s where id = %s returning 1", begun, source.id)
    for n, one in enumerate(some(graph, 400, 120)):
        graph.leads[one]["_at"] = int((begun + timedelta(minutes=20 * n)).timestamp())
    known = [str(9007199254740993 + 400 + n) for n in range(0, 120, 4)]
    await arrived(own_stack, source, *known)
    await rows(
        own_stack, "update lead_sources set catch_up_at = clock_timestamp() where id = %s returning 1", source.id
    )
    found = await all_of(own_stack, source, 120, "done")
    assert len(found) == 120
    assert await rows(own_stack, "select count(*) from contacts where account_id = %s", user.id) == [(120,)]


async def test_a_rate_limit_is_waited_for_and_nobody_asks_meanwhile(own_stack: Stack, graph: GraphDouble):
    source = await meta(own_stack, await holder(own_stack), graph)
    graph.limit(minutes=30)
    [first] = await arrived(own_stack, source, *some(graph, 600, 1))
    async with asyncio.timeout(20):
        while (await now(own_stack, source)).held_until is None:
            await asyncio.sleep(0.05)
    held = (await now(own_stack, source)).held_until
    assert held is not None
    assert timedelta(minutes=29) < held - datetime.now(UTC) <= timedelta(minutes=30)
    asked = len(graph.asked)
    [second] = await arrived(own_stack, source, *some(graph, 601, 1))
    handle = own_stack.temporal.get_workflow_handle(f"lead-{source.id}-{second.provider_id}")
    async with asyncio.timeout(20):
        while not (await handle.query("standing")).get("again_at"):
            await asyncio.sleep(0.05)
    assert len(graph.asked) == asked
    assert (await now(own_stack, source)).state == "active"
    assert (await reaches(own_stack, first.id, "fetching")).code is not None


async def test_a_server_in_trouble_is_asked_again(own_stack: Stack, graph: GraphDouble):
    source = await meta(own_stack, await holder(own_stack), graph)
    graph.fault = Fault(2, message="temporary", status=500)
    [received] = await arrived(own_stack, source, *some(graph, 700, 1))
    await reaches(own_stack, received.id, "fetching")
    graph.fault = None
    await reaches(own_stack, received.id, "done")
    assert (await now(own_stack, source)).state == "active"
