"""Forms of automations without a browser: steps, conditions, and what a test tells."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx

from tests.api.log_in import Person
from tests.panel.flow_seeds import automated
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User

WELCOME = "/panel/automations/welcome"


async def _posted(client: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    return await client.post(path, data={"csrf": await token_of(client), **fields})


async def _draft(install: Stack, account: User) -> dict[str, Any]:
    answer = await install.http.get("/api/automations/welcome", headers=account.headers)
    return dict(answer.json()["data"]["draft"])


async def test_conditions_of_ways_are_written_in_lines_and_groups(install: Stack, account: User, user: Person):
    await automated(install, account)
    one = {"arm.0.was": "0", "arm.0.name": "Germany", "arm.0.when.join.0": "all", "arm.0.when.lines.0": ["0", "1"]}
    one |= {"arm.0.when.0.0.kind": "field", "arm.0.when.0.0.field": "contact.country", "arm.0.when.0.0.op": "eq"}
    one |= {"arm.0.when.0.0.value": "DE", "arm.0.when.0.1.kind": "tag", "arm.0.when.0.1.op": "is"}
    one |= {"arm.0.when.0.1.value": "vip", "f.if.join.0": "all"}
    group = {"arm.0.when.join.1": "any", "arm.0.when.lines.1": ["0", "1"]}
    for number, value in enumerate(("5", "7")):
        line = {"kind": "field", "field": "event.total", "op": "eq", "value": value}
        group |= {f"arm.0.when.1.{number}.{name}": text for name, text in line.items()}
    async with signed_in(install, user) as client:
        before = await _draft(install, account)
        shown = await _posted(client, f"{WELCOME}/steps/who", edit="arm.0.when|group", **one)
        assert shown.status_code == 200
        assert 'name="arm.0.when.join.1"' in shown.text
        assert 'value="vip"' in shown.text
        assert await _draft(install, account) == before

        saved = await _posted(client, f"{WELCOME}/steps/who", **one, **group)
        assert saved.headers["location"] == f"{WELCOME}#step-who"
    arm = (await _draft(install, account))["steps"][2]["arms"][0]
    totals = [{"field": "event.total", "op": "eq", "value": value} for value in (5, 7)]
    country = {"field": "contact.country", "op": "eq", "value": "DE"}
    assert arm["when"] == {"all": [country, {"tag": "vip"}, {"any": totals}]}
    assert [step["id"] for step in arm["steps"]] == ["mail"]


async def test_ways_move_with_their_steps_and_go(install: Stack, account: User, user: Person):
    await automated(install, account)
    ways = {"arm.0.was": "0", "arm.0.name": "A", "arm.0.weight": "30", "arm.1.was": "1", "arm.1.name": "B"}
    ways |= {"arm.1.weight": "70", "arm.2.was": "", "arm.2.name": "C", "arm.2.weight": "20"}
    async with signed_in(install, user) as client:
        shown = (await _posted(client, f"{WELCOME}/steps/ab", edit="arms|up.1", **ways)).text
        assert re.findall(r'name="arm\.\d\.name" value="(\w*)"', shown) == ["B", "A", "C"]
        assert re.findall(r'name="arm\.\d\.was" value="(\d*)"', shown) == ["1", "0", ""]
        moved = {"arm.0.was": "1", "arm.0.name": "B", "arm.0.weight": "70", "arm.1.was": "", "arm.1.name": "C"}
        saved = await _posted(client, f"{WELCOME}/steps/ab", **moved | {"arm.1.weight": "30"})
        assert saved.headers["location"] == f"{WELCOME}#step-ab"
    split = (await _draft(install, account))["steps"][2]["else"][0]["else"][0]
    ways_now = [(arm["name"], arm["weight"], [step["id"] for step in arm["steps"]]) for arm in split["arms"]]
    assert ways_now == [("B", 70, ["tag"]), ("C", 30, [])]


async def test_what_is_wrong_with_a_step_is_said_at_its_field(install: Stack, account: User, user: Person):
    await automated(install, account)
    async with signed_in(install, user) as client:
        answer = await _posted(
            client, f"{WELCOME}/steps/clicked", **{"f.event": "message.clicked", "f.timeout": "long"}
        )
        assert answer.status_code == 422
        assert 'aria-invalid="true" aria-describedby="f.timeout-told"' in answer.text
        way = {"arm.0.was": "0", "arm.0.name": "x", "arm.0.when.text": "{", "arm.1.name": ""}
        answer = await _posted(client, f"{WELCOME}/steps/who", **way)
        assert answer.status_code == 422
        assert "This is not readable" in answer.text


async def test_an_automation_is_renamed_and_copied(install: Stack, account: User, user: Person):
    await automated(install, account)
    async with signed_in(install, user) as client:
        answer = await _posted(client, f"{WELCOME}/rename", name="Hello to all")
        assert answer.headers["location"] == WELCOME
        assert (await _draft(install, account))["name"] == "Hello to all"
        answer = await _posted(client, f"{WELCOME}/copy", name="Welcome again")
        assert answer.headers["location"] == "/panel/automations/welcome-again"
        assert "Welcome again" in (await client.get("/panel/automations")).text
        answer = await _posted(client, f"{WELCOME}/copy", name="Welcome again")
        assert answer.status_code == 409
        assert "That did not work" in answer.text
    copied = await install.http.get("/api/automations/welcome-again", headers=account.headers)
    assert copied.json()["data"]["state"] == "draft"


async def test_who_is_at_a_step_that_is_removed_goes_on_where_it_is_chosen(install: Stack, account: User, user: Person):
    await automated(install, account)
    draft = await _draft(install, account)
    draft["steps"][-1]["else"] = [{"id": "bye", "kind": "exit", "reason": "over"}]
    put = await install.http.put("/api/automations/welcome/draft", json=draft, headers=account.headers)
    assert put.status_code == 200, put.text
    async with signed_in(install, user) as client:
        moving = {"mode": "version", "people": "migrate"}
        page = (await client.get(f"{WELCOME}/publish", params=moving)).text
        assert 'name="map.clicked"' in page
        chosen = {**moving, "map.clicked": "bye"}
        page = (await client.get(f"{WELCOME}/publish", params=chosen)).text
        assert '<input type="hidden" name="map.clicked" value="bye">' in page
        answer = await _posted(client, f"{WELCOME}/publish", note="shorter", **chosen)
        assert answer.headers["location"] == WELCOME
        page = (await client.get(WELCOME)).text
        assert "v2" in page
    versions = (await install.http.get("/api/automations/welcome/versions", headers=account.headers)).json()["data"]
    assert (versions[0]["people"], versions[0]["map"], versions[0]["note"]) == (
        "migrate",
        {"clicked": "bye"},
        "shorter",
    )


async def test_what_was_published_becomes_the_draft_again(install: Stack, account: User, user: Person):
    await automated(install, account)
    async with signed_in(install, user) as client:
        page = (await client.get(f"{WELCOME}/versions")).text
        assert "v1.1" in page
        answer = await _posted(client, f"{WELCOME}/versions", version="1.1")
        assert answer.headers["location"] == WELCOME
        assert (await _posted(client, f"{WELCOME}/versions", version="7")).status_code == 404
    assert [step["id"] for step in (await _draft(install, account))["steps"]] == ["hello", "who"]


async def test_an_open_tree_is_told_when_somebody_moves(install: Stack, account: User, user: Person):
    seeded = await automated(install, account)
    async with (
        signed_in(install, user) as client,
        client.stream("GET", "/panel/live", params={"topic": "automation:welcome"}) as answer,
    ):
        lines = answer.aiter_lines()
        async with asyncio.timeout(60):
            assert await _told(lines) == "data: automation:welcome"  # at once, as the page may be older
            ended = await install.http.post(f"/api/runs/{seeded.run}/exit", headers=account.headers)
            assert ended.status_code == 200, ended.text
            assert await _told(lines) == "data: automation:welcome"


async def _told(lines: AsyncIterator[str]) -> str:
    while not (line := await anext(lines)).startswith("data"):
        pass
    return line


async def test_a_test_tells_what_would_be_sent_and_why(install: Stack, account: User, user: Person):
    seeded = await automated(install, account)
    async with signed_in(install, user) as client:
        page = (await client.get(f"{WELCOME}/test")).text
        assert f"?from=run%3A{seeded.run}" in page.replace(":", "%3A")
        shown = (await client.get(f"{WELCOME}/test", params={"from": f"run:{seeded.run}"})).text
        assert "What would happen" in shown

        somebody = '{"first_name": "Bea", "phone": "+14155550177", "country": "DE", "email": "bea@example.com"}'
        answer = await _posted(client, f"{WELCOME}/test", contact=somebody, event="{}")
        assert answer.status_code == 200
        assert "Hello Bea" in answer.text
        assert "contact.country eq" in answer.text

        clicks = {"then.0.at": "+1h", "then.0.event": "message.clicked", "then.0.of": "hello"}
        other = somebody.replace('"DE"', '"AT"')
        answer = await _posted(client, f"{WELCOME}/test", contact=other, event="{}", **clicks)
        assert "engaged" in answer.text
        assert 'name="then.1.event"' in answer.text

        answer = await _posted(client, f"{WELCOME}/test", contact="nobody@example.com", event="{")
        assert answer.status_code == 422
        assert 'id="event-told"' in answer.text


async def test_a_post_that_a_hook_keeps_is_an_example(install: Stack, account: User, user: Person):
    seeded = await automated(install, account)
    places = {"email": "/customer/email", "event": {"order": "/id", "total": "/total"}}
    text = {"body": "Hello {{ contact.email }}, order {{ event.order }}"}
    flow = {
        "schema": "xsender.flow/1",
        "key": "cart-rescue",
        "name": "Cart",
        "trigger": {"kind": "webhook", "hook": seeded.hook, "map": places},
        "steps": [{"id": "hello", "kind": "send", "channel": "email", "content": {"subject": "Cart", **text}}],
    }
    saved = await install.http.post("/api/automations", json=flow, headers=account.headers)
    assert saved.status_code == 200, saved.text
    samples = (await install.http.get(f"/api/hooks/{seeded.hook}/samples", headers=account.headers)).json()["data"]
    cart = "/panel/automations/cart-rescue"
    async with signed_in(install, user) as client:
        shown = (await client.get(f"{cart}/test", params={"from": f"sample:{samples[0]['id']}"})).text
        assert "Hello lena@example.com, order A1023" in shown
        assert "a large cart gets an SMS" in shown  # a case of the starter
        case = (await client.get(f"{cart}/test", params={"from": "case:1"})).text
        assert "What would happen" in case
        step = (await client.get(f"{cart}/steps/hello")).text
        assert 'data-insert="{{ event.order }}" data-name="event.order"' in step
        assert "A1023" in step
        trigger = (await client.get(f"{cart}/trigger")).text
        assert 'data-insert="/customer/email"' in trigger


async def test_somebody_is_let_in_by_an_address(install: Stack, account: User, user: Person):
    await automated(install, account)
    ben = {"first_name": "Ben", "phone": "+14155550166"}
    made = await install.http.post("/api/contacts", json=ben, headers=account.headers)
    assert made.status_code == 200, made.text
    async with signed_in(install, user) as client:
        entered = await _posted(client, f"{WELCOME}/enter", contact="+14155550166")
        assert entered.headers["location"].startswith("/panel/runs/")
        for named in ("+14155550166", "nobody@example.com"):  # who is inside already, and who is not known
            refused = await _posted(client, f"{WELCOME}/enter", contact=named)
            assert refused.headers["location"] == WELCOME
        assert (await _posted(client, f"{WELCOME}/enter", contact="nonsense")).status_code == 422


async def test_rules_of_the_whole_are_written_in_a_form(install: Stack, account: User, user: Person):
    await automated(install, account)
    given = {"f.entry.re_entry.mode": "never", "f.goal.event": "order.paid", "f.goal.within": "14d"}
    given |= {"f.settings.send_window.days": "mon, tue", "f.settings.send_window.from": "09:00"}
    given |= {"f.settings.send_window.to": "20:00", "f.settings.cap.messages": "2", "f.settings.cap.per": "1d"}
    given |= {"f.entry.filter.join.0": "all", "f.entry.filter.lines.0": "0", "f.entry.filter.0.0.kind": "tag"}
    given |= {"f.entry.filter.0.0.value": "vip", "f.entry.filter.0.0.op": "is", "f.goal.match.join.0": "all"}
    same = {"kind": "field", "field": "it.order_id", "op": "eq", "value": "{{ run.key }}"}
    given |= {"exit.0.kind": "event", "exit.0.event": "order.paid", "exit.0.reason": "bought"}
    given |= {"exit.0.lines.join.0": "all", "exit.0.lines.lines.0": "0"}
    given |= {f"exit.0.lines.0.0.{name}": value for name, value in same.items()}
    given |= {"exit.1.kind": "when", "exit.1.lines.join.0": "all", "exit.1.lines.lines.0": "0"}
    given |= {"exit.1.lines.0.0.kind": "tag", "exit.1.lines.0.0.op": "is", "exit.1.lines.0.0.value": "gone"}
    async with signed_in(install, user) as client:
        shown = (await _posted(client, f"{WELCOME}/rules", edit="exits|add.event", **given)).text
        assert 'name="exit.2.event"' in shown
        assert (await _posted(client, f"{WELCOME}/rules", **given)).headers["location"] == WELCOME
        draft = await _draft(install, account)
        assert draft["entry"] == {"filter": {"tag": "vip"}, "re_entry": {"mode": "never"}}
        assert draft["goal"] == {"event": "order.paid", "within": "14d"}
        window = {"days": ["mon", "tue"], "from": "09:00", "to": "20:00"}
        assert draft["settings"] == {"send_window": window, "cap": {"messages": 2, "per": "1d"}}
        match = {"field": "it.order_id", "op": "eq", "ref": "run.key"}
        bought = {"event": "order.paid", "match": match, "reason": "bought"}
        assert draft["exit"] == [bought, {"when": {"tag": "gone"}}]
        assert 'value="{{ run.key }}"' in (await client.get(f"{WELCOME}/rules")).text
        refused = await _posted(client, f"{WELCOME}/rules", **given | {"f.goal.within": "soon"})
        assert refused.status_code == 422
        assert 'aria-invalid="true" aria-describedby="f.goal.within-told"' in refused.text
        assert 'value="vip"' in refused.text
        nothing = {"f.entry.filter.join.0": "all", "f.goal.match.join.0": "all"}
        await _posted(client, f"{WELCOME}/rules", **nothing)
    assert not {"entry", "exit", "goal", "settings"} & set(await _draft(install, account))
