"""Tags, groups and fields: their changes begin runs, and runs wait for them, wherever the change comes from."""

import asyncio
from typing import Any

import pytest

from tests.api.automations.automations import ada, call, data, entered, flow, holder, published, reaches, sms
from tests.api.automations.test_automation_events import happens, runs_of
from tests.api.contacts.test_contact_imports import imported
from tests.api.test_narrowed_keys import key_with
from tests.stack import Stack, User

DONE = {"kind": "exit", "reason": "done"}


async def begins(stack: Stack, user: User, trigger: dict[str, Any], **more: Any) -> None:
    """An automation that this trigger begins."""
    await published(stack, user, flow(DONE, trigger=trigger, **more))


async def change(stack: Stack, user: User, contact: str, **values: Any) -> None:
    await data(stack, user, "PATCH", f"/contacts/{contact}", values)


async def tags(stack: Stack, user: User, contact: str, *add: str, remove: tuple[str, ...] = ()) -> None:
    await data(stack, user, "POST", f"/contacts/{contact}/tags", {"add": add, "remove": remove})


async def events_of(stack: Stack, user: User, key: str, count: int) -> list[dict[str, Any]]:
    """With what the runs of an automation began, the first one first."""
    found = [await data(stack, user, "GET", f"/runs/{run['id']}") for run in await runs_of(stack, user, key, count)]
    return [run["event"] for run in reversed(found)]


async def queued(stack: Stack, user: User) -> int:
    """Events of an account that were recorded, or wait to be looked at."""
    async with stack.pool.connection() as conn:
        row = await (
            await conn.execute(
                """select (select count(*) from automation_events where account_id = %(account)s)
                       + (select count(*) from contact_events
                          where account_id = %(account)s and name like 'contact.%%')""",
                {"account": user.id},
            )
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_a_tag_that_a_contact_gets_begins_a_run_once(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user, tags=["old"])
    await begins(stack, user, {"kind": "tag", "name": "vip"}, entry={"re_entry": {"mode": "always"}})
    await tags(stack, user, contact, "other")
    await tags(stack, user, contact, "vip", remove=("old",))
    await tags(stack, user, contact, "vip")  # it has it
    await change(stack, user, contact, first_name="Eve")
    await tags(stack, user, contact, remove=("vip",))
    await tags(stack, user, contact, "vip")
    assert await events_of(stack, user, "welcome", 2) == [{"tag": "vip"}] * 2
    (run, _) = await runs_of(stack, user, "welcome", 2)
    assert run["trigger"] == "tag"


async def test_a_tag_that_a_contact_loses_begins_a_run_of_who_waits_for_that(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    await begins(stack, user, {"kind": "tag", "name": "Größe 😀", "on": "removed"})
    await tags(stack, user, contact, "Größe 😀")
    await tags(stack, user, contact, remove=("Größe 😀",))
    assert await events_of(stack, user, "welcome", 1) == [{"tag": "Größe 😀"}]


async def test_a_new_contact_with_the_tag_comes_too_and_an_import_is_no_way_around(stack: Stack):
    user = await key_with(stack, await stack.user(1000), "contacts", "send", "read")
    await begins(stack, user, {"kind": "tag", "name": "vip"})
    body = {"contacts": [{"email": f"c{n}@example.com", "tags": ["vip"]} for n in range(3)]}
    await data(stack, user, "POST", "/contacts/bulk", body)
    await runs_of(stack, user, "welcome", 3)
    rows = "\n".join(f"c{n}@example.com" for n in range(2, 6))  # the first has the tag, and the others are new
    await imported(stack, user, f"email\n{rows}\n", tags="vip")
    await runs_of(stack, user, "welcome", 6)


async def test_coming_into_a_group_and_leaving_it_begin_runs(stack: Stack):
    user = await holder(stack)
    contact, other = await ada(stack, user), await ada(stack, user, phone=None)
    await data(stack, user, "POST", "/groups", {"name": "Shop", "key": "shop"})
    await data(stack, user, "POST", "/groups", {"name": "Else", "key": "else"})
    await begins(stack, user, {"kind": "group", "name": "shop"})
    await begins(stack, user, {"kind": "group", "name": "shop", "on": "removed"}, key="bye", name="Bye")
    await data(stack, user, "POST", "/groups/else/add", {"contacts": [contact]})
    await data(stack, user, "POST", "/groups/shop/add", {"contacts": [contact]})
    await change(stack, user, other, groups=["shop"])
    assert await events_of(stack, user, "welcome", 2) == [{"group": "shop"}] * 2
    assert await events_of(stack, user, "bye", 0) == []
    await data(stack, user, "POST", "/groups/shop/remove", {"contacts": [contact]})
    assert await events_of(stack, user, "bye", 1) == [{"group": "shop"}]
    await data(stack, user, "DELETE", "/groups/shop")  # nobody leaves what is not there any more
    assert await queued(stack, user) == 0


@pytest.mark.parametrize(
    ("trigger", "fits"),
    [
        ({}, [("free", None), ("pro", "free"), (None, "pro")]),
        ({"to": "pro"}, [("pro", "free")]),
        ({"from": "pro"}, [(None, "pro")]),
        ({"from": "free", "to": "gold"}, []),
    ],
)
async def test_a_field_begins_runs_for_the_values_that_the_trigger_names(stack: Stack, trigger, fits):
    user = await holder(stack)
    contact = await ada(stack, user)
    await data(stack, user, "POST", "/contact-fields", {"key": "plan", "type": "text"})
    await begins(
        stack,
        user,
        {"kind": "field", "field": "plan", **trigger},
        entry={"re_entry": {"mode": "always"}},
    )
    await begins(stack, user, {"kind": "field", "field": "last_name", "to": "Last"}, key="last", name="Last")
    for value in ("free", "pro", "pro", None):
        await change(stack, user, contact, fields={"plan": value})
    await change(stack, user, contact, last_name="Last")  # by now those before were looked at
    await runs_of(stack, user, "last", 1)
    wanted = [{"field": "plan", "to": to, "from": before} for to, before in fits]
    found = await events_of(stack, user, "welcome", len(fits))
    assert found == [{name: value for name, value in one.items() if value is not None} for one in wanted]


async def test_a_number_is_no_text_and_each_of_several_triggers_is_tried(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    await data(stack, user, "POST", "/contact-fields", {"key": "age", "type": "number"})
    triggers = [{"kind": "field", "field": "age", "to": to} for to in ("18", 17, 18)]
    await published(stack, user, {**{k: v for k, v in flow(DONE).items() if k != "trigger"}, "triggers": triggers})
    await change(stack, user, contact, fields={"age": 18})
    assert await events_of(stack, user, "welcome", 1) == [{"field": "age", "to": 18}]


async def test_a_field_that_is_deleted_begins_no_runs_of_all_who_had_a_value(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    await data(stack, user, "POST", "/contact-fields", {"key": "plan", "type": "text"})
    await change(stack, user, contact, fields={"plan": "free"})
    await begins(stack, user, {"kind": "field", "field": "plan"})
    async with stack.pool.connection() as conn, conn.transaction():
        await conn.execute("delete from contact_fields where account_id = %s", (user.id,))
        await conn.execute("update contacts set fields = '{}' where id = %s", (contact,))
    assert await queued(stack, user) == 0


async def test_a_run_waits_for_a_tag_and_ends_as_a_field_changes(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    vip = {"field": "it.tag", "op": "eq", "value": "vip"}
    waits = {"kind": "wait_event", "event": "contact.tag_added", "match": vip, "timeout": "1d", "since": "entry"}
    gone = {
        "event": "contact.field_changed",
        "match": {"all": [{"field": "it.field", "op": "eq", "value": "country"}, {"field": "it.to", "op": "missing"}]},
        "reason": "moved",
    }
    then = [{"id": "long", "kind": "wait", "for": "30d"}]
    await published(stack, user, flow({**waits, "then": then}, DONE, exit=[gone]))
    run = await entered(stack, user, contact)
    await reaches(stack, user, run, "waiting", step="s0")
    await tags(stack, user, contact, "other")
    await tags(stack, user, contact, "vip")
    await reaches(stack, user, run, "waiting", step="long")
    await change(stack, user, contact, country="DE")
    await change(stack, user, contact, country=None)
    assert (await reaches(stack, user, run))["reason"] == "moved"
    story = (await call(stack, user, "GET", f"/contacts/{contact}/events?name=contact.tag_added")).json()["data"]
    assert [one["data"] for one in story] == [{"tag": "vip"}, {"tag": "other"}]


async def test_who_listens_to_nothing_pays_nothing_and_a_paused_automation_hears_nothing(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    await begins(stack, user, {"kind": "tag", "name": "vip"})
    await ada(stack, other, tags=["vip"])
    assert await queued(stack, other) == 0
    await data(stack, user, "POST", "/automations/welcome/pause")
    await ada(stack, user, tags=["vip"])
    assert await queued(stack, user) == 0
    await data(stack, user, "POST", "/automations/welcome/resume")
    later = await ada(stack, user, tags=["vip"], phone=None)
    (run,) = await runs_of(stack, user, "welcome", 1)
    assert run["contact"] == later


async def test_automations_that_change_what_begins_each_other_end(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    for key, has, gets in (("one", "a", "b"), ("two", "b", "a")):
        step = {"kind": "set", "tags": {"add": [gets], "remove": [has]}}
        trigger, entry = {"kind": "tag", "name": has}, {"re_entry": {"mode": "always"}}
        await published(stack, user, flow(step, key=key, name=key, trigger=trigger, entry=entry))
    await tags(stack, user, contact, "a")
    async with asyncio.timeout(20):
        while not (await call(stack, user, "GET", "/automations/two/entries?outcome=hops")).json()["data"]:
            await asyncio.sleep(0.05)
    assert len([*await runs_of(stack, user, "one", 6), *await runs_of(stack, user, "two", 5)]) == 11


async def test_what_a_trigger_names_must_be_there_and_our_events_cannot_be_posted(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    for trigger, code, at in (
        ({"kind": "group", "name": "nowhere"}, "group_unknown", "/trigger/name"),
        ({"kind": "field", "field": "nothing"}, "field_unknown", "/trigger/field"),
    ):
        key = trigger["kind"]
        await data(stack, user, "POST", "/automations", flow(DONE, trigger=trigger, key=key))
        answer = await call(stack, user, "POST", f"/automations/{key}/publish")
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["code"], error["pointer"]) == (code, at)
    posted = {"name": "contact.tag_added", "contact": {"id": contact}, "data": {"tag": "vip"}}
    answer = await call(stack, user, "POST", "/events", posted)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "event_name")
    await happens(stack, user, contact, "contact.called")


async def test_one_accounts_import_holds_up_no_event_of_another(stack: Stack):
    busy, user = await holder(stack), await holder(stack)
    contact = await ada(stack, user)
    await begins(stack, busy, {"kind": "tag", "name": "vip"}, settings={"max_entries_per_hour": 1})
    await published(stack, user, flow(sms(), trigger={"kind": "event", "event": "order.placed"}))
    async with stack.pool.connection() as conn:
        await conn.execute(
            """insert into contacts (id, account_id, email, tags)
               select gen_random_uuid(), %s, 'c' || n || '@example.com', '{vip}' from generate_series(1, 3000) as n""",
            (busy.id,),
        )
    await happens(stack, user, contact, "order.placed")
    await runs_of(stack, user, "welcome", 1)
    assert await queued(stack, busy) > 0
    async with stack.pool.connection() as conn:
        await conn.execute("delete from automation_events where account_id = %s", (busy.id,))
    (first,) = await runs_of(stack, busy, "welcome", 1)
    refused = (await call(stack, busy, "GET", "/automations/welcome/entries?outcome=hourly_cap")).json()["data"]
    assert refused, first
