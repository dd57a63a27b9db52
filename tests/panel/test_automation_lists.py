"""Forms of automations without a browser: failures, fallbacks, values that are kept, limits of entries, and drafts."""

import re
from typing import Any

import httpx

from tests.api.log_in import Person
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User

SHOP = "/panel/automations/shop"
_TEXT = {"subject": "Hello", "body": "Text", "preheader": "Look"}
_FALLBACK = {"channel": "sms", "after": "1h", "content": {"body": "Short"}}
_PICTURE = {"channel": "whatsapp", "after": "2h", "content": {"media": "image", "url": "https://shop.example/a.png"}}
_STEPS: list[dict[str, Any]] = [
    {"id": "mail", "kind": "send", "channel": "email", "content": _TEXT, "fallback": [_FALLBACK, _PICTURE]},
    {"id": "crm", "kind": "call", "url": "https://crm.example/leads", "save": {"lead": "/id"}, "sign": False},
    {"id": "order", "kind": "wait_event", "event": "order.paid", "timeout": "1d", "save": "order"},
]
_MAIL = {"f.channel": "email", "f.content.subject": "Hello", "f.content.body": "Text"}


async def _saved(install: Stack, account: User) -> None:
    flow = {"schema": "xsender.flow/1", "key": "shop", "name": "Shop", "trigger": {"kind": "manual"}, "steps": _STEPS}
    made = await install.http.post("/api/automations", json=flow, headers=account.headers)
    assert made.status_code == 200, made.text


async def _posted(client: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    return await client.post(path, data={"csrf": await token_of(client), **fields})


async def _of_draft(install: Stack, account: User) -> Any:
    return (await install.http.get("/api/automations/shop", headers=account.headers)).json()["data"]["draft"]


def _fallback(number: int, was: str, **texts: str) -> dict[str, str]:
    at = f"f.fallback.{number}."
    return {f"{at}was": was} | {at + name.replace("_", "."): text for name, text in texts.items()}


async def test_what_is_done_about_a_failure_is_chosen_and_gets_a_way(install: Stack, account: User, user: Person):
    await _saved(install, account)
    call = {"f.url": "https://crm.example/leads"}
    again = {"f.on_error.then": "arm", "f.on_error.retry.max": "3", "f.on_error.retry.backoff": "1m"}
    async with signed_in(install, user) as client:
        refused = await _posted(client, f"{SHOP}/steps/crm", **call, **again | {"f.on_error.then": ""})
        assert refused.status_code == 422
        assert 'class="wrong" id="f.on_error.then-told"' in refused.text
        assert 'value="1m"' in refused.text
        refused = await _posted(client, f"{SHOP}/steps/crm", **call, **again | {"f.on_error.retry.max": "often"})
        assert "A whole number." in refused.text
        assert (await _posted(client, f"{SHOP}/steps/crm", **call, **again)).headers["location"] == f"{SHOP}#step-crm"
        step = (await _of_draft(install, account))["steps"][1]
        assert step["on_error"] == {"then": "arm", "retry": {"max": 3, "backoff": "1m"}, "arm": []}
        assert step["sign"] is False
        page = (await client.get(SHOP)).text
        assert "If it fails" in page
        assert "crm%2Fon_error%3A0" in page.replace("/on_error", "%2Fon_error").replace(":0", "%3A0")

        added = await _posted(client, f"{SHOP}/add/emit", place="crm/on_error:0", **{"f.event": "crm.down"})
        assert added.headers["location"] == f"{SHOP}#step-emit1"
        other = again | {"f.on_error.then": "skip"}
        refused = await _posted(client, f"{SHOP}/steps/crm", **call, **other)
        assert (refused.status_code, "remove them from the tree first" in refused.text) == (422, True)
        broken = await _posted(client, f"{SHOP}/steps/emit1", **{"f.event": "Not so"})
        assert 'aria-invalid="true" aria-describedby="f.event-told"' in broken.text
        assert (await _posted(client, f"{SHOP}/steps/emit1", do="remove")).status_code == 303
        assert (await _posted(client, f"{SHOP}/steps/crm", **call, **other)).status_code == 303
    step = (await _of_draft(install, account))["steps"][1]
    assert step["on_error"] == {"then": "skip", "retry": {"max": 3, "backoff": "1m"}}


async def test_fallbacks_are_added_changed_and_put_in_order(install: Stack, account: User, user: Person):
    await _saved(install, account)
    first = _fallback(0, "0", channel="sms", after="1h", content_body="Short")
    second = _fallback(1, "1", channel="whatsapp", after="3h", **{"if": "not_read"})
    lines = {"f.fallback.lines": ["0", "1"]}
    async with signed_in(install, user) as client:
        page = (await client.get(f"{SHOP}/steps/mail")).text
        assert re.findall(r'name="f\.fallback\.\d\.after" value="(\w*)"', page) == ["1h", "2h"]
        both = {**_MAIL, **lines, **first, **second}
        assert "Add a fallback" in page
        shown = (await _posted(client, f"{SHOP}/steps/mail", edit="f.fallback|add", **both)).text
        assert 'name="f.fallback.2.after"' in shown
        assert "Add a fallback" not in shown
        shown = (await _posted(client, f"{SHOP}/steps/mail", edit="f.fallback|up.1", **both)).text
        assert re.findall(r'name="f\.fallback\.\d\.was" value="(\d*)"', shown) == ["1", "0"]
        shown = (await _posted(client, f"{SHOP}/steps/mail", edit="f.fallback|remove.0", **both)).text
        assert re.findall(r'name="f\.fallback\.\d\.after" value="(\w*)"', shown) == ["3h"]

        wrong = both | {"f.fallback.1.after": "soon"}
        refused = await _posted(client, f"{SHOP}/steps/mail", **wrong)
        assert 'aria-invalid="true" aria-describedby="f.fallback.1.after-told"' in refused.text
        third = _fallback(2, "", channel="sms", after="4h") | {"f.fallback.lines": ["0", "1", "2"]}
        refused = await _posted(client, f"{SHOP}/steps/mail", **both | third)
        assert 'class="wrong" id="f.fallback.2.content.body-told"' in refused.text

        turned = both | {"f.fallback.lines": ["1", "0"]}
        assert (await _posted(client, f"{SHOP}/steps/mail", **turned)).status_code == 303
    step = (await _of_draft(install, account))["steps"][0]
    assert step["content"] == _TEXT
    assert step["fallback"] == [_PICTURE | {"after": "3h", "if": "not_read"}, _FALLBACK]


async def test_values_that_steps_keep_are_named_in_lines(install: Stack, account: User, user: Person):
    await _saved(install, account)
    one = {"f.save.0.was": "0", "f.save.0.name": "lead", "f.save.0.value": "/id"}
    two = {"f.save.1.was": "", "f.save.1.name": "owner", "f.save.1.value": "/owner/email"}
    call = {"f.url": "https://crm.example/leads", "f.save.lines": ["0", "1"], **one, **two}
    async with signed_in(install, user) as client:
        page = (await client.get(f"{SHOP}/steps/crm")).text
        assert 'name="f.save.0.name" value="lead"' in page
        assert 'data-insert="{{ vars.order }}"' in page
        assert "{{ vars.o }}" not in page
        for name, text, at in (("value", "owner", "value"), ("name", "Owner", "name"), ("name", "lead", "name")):
            refused = await _posted(client, f"{SHOP}/steps/crm", **call | {f"f.save.1.{name}": text})
            assert refused.status_code == 422
            assert f'aria-describedby="f.save.1.{at}-told"' in refused.text
        assert (await _posted(client, f"{SHOP}/steps/crm", **call)).status_code == 303
        paid = {"f.event": "order.paid", "f.timeout": "1d", "f.save": "bought"}
        assert (await _posted(client, f"{SHOP}/steps/order", **paid)).status_code == 303
    steps = (await _of_draft(install, account))["steps"]
    assert steps[1]["save"] == {"lead": "/id", "owner": "/owner/email"}
    assert steps[2]["save"] == "bought"


async def test_limits_of_entries_are_written_in_lines(install: Stack, account: User, user: Person):
    await _saved(install, account)
    caps = {"f.entry.caps.lines": ["0", "1"], "f.entry.caps.0.was": "", "f.entry.caps.0.count": "1"}
    caps |= {"f.entry.caps.0.per": "7d", "f.entry.caps.1.count": "3", "f.entry.caps.1.per": "30d"}
    given = {"f.entry.create_contact": "false", "f.settings.max_entries_per_hour": "1000", **caps}
    given |= {"f.settings.on_error.then": "skip", "f.entry.re_entry.mode": "always"}
    async with signed_in(install, user) as client:
        refused = await _posted(client, f"{SHOP}/rules", **given | {"f.entry.caps.1.per": "often"})
        assert refused.status_code == 422
        assert 'aria-describedby="f.entry.caps.1.per-told"' in refused.text
        mode_missing = {"f.entry.re_entry.mode": "", "f.entry.re_entry.pause": "7d"}
        refused = await _posted(client, f"{SHOP}/rules", **given | mode_missing)
        assert 'class="wrong" id="f.entry.re_entry.mode-told"' in refused.text
        assert (await _posted(client, f"{SHOP}/rules", **given)).headers["location"] == SHOP
        draft = await _of_draft(install, account)
        limits = [{"count": 1, "per": "7d"}, {"count": 3, "per": "30d"}]
        assert draft["entry"] == {"re_entry": {"mode": "always"}, "create_contact": False, "caps": limits}
        assert draft["settings"] == {"max_entries_per_hour": 1000, "on_error": {"then": "skip"}}
        page = (await client.get(f"{SHOP}/rules")).text
        assert re.findall(r'name="f\.entry\.caps\.\d\.per" value="(\w*)"', page) == ["7d", "30d"]
        shown = (await _posted(client, f"{SHOP}/rules", edit="f.entry.caps|remove.0", **given)).text
        assert re.findall(r'name="f\.entry\.caps\.\d\.per" value="(\w*)"', shown) == ["30d"]


async def test_a_draft_is_discarded(install: Stack, account: User, user: Person):
    await _saved(install, account)
    async with signed_in(install, user) as client:
        assert "/shop/discard" not in (await client.get(SHOP)).text
        refused = await _posted(client, f"{SHOP}/discard")
        assert (refused.status_code, "never published" in refused.text) == (409, True)
        short = {"schema": "xsender.flow/1", "key": "shop", "name": "Shop", "trigger": {"kind": "manual"}}
        for steps in (_STEPS[2:], _STEPS[1:]):
            path = "/api/automations/shop/draft"
            put = await install.http.put(path, json=short | {"steps": steps}, headers=account.headers)
            assert put.status_code == 200, put.text
            if steps == _STEPS[2:]:
                published = await install.http.post("/api/automations/shop/publish", headers=account.headers)
                assert published.status_code == 200, published.text
        page = (await client.get(SHOP)).text
        assert "/shop/discard" in page
        assert 'id="step-crm"' in page
        assert (await _posted(client, f"{SHOP}/discard")).headers["location"] == SHOP
        page = (await client.get(SHOP)).text
        assert 'id="step-crm"' not in page
        assert "/shop/discard" not in page
