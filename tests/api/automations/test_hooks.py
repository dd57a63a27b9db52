"""Hooks: posts of other systems begin runs, whatever they look like, and never more than they should."""

import pytest

from tests.api.answers import assert_error
from tests.api.automations.automations import call, data, flow, holder, published, reaches, sms, texts
from tests.stack import Stack, User


async def hook(stack: Stack, user: User, name: str = "Shop cart") -> str:
    """The path of a new hook."""
    made = await data(stack, user, "POST", "/hooks", {"name": name})
    assert made["url"].endswith(f"/api/automation/webhook/{made['id']}")
    return f"/api/automation/webhook/{made['id']}"


ON_HOOK = {"kind": "webhook", "hook": "shop-cart"}


async def sent(stack: Stack, user: User, key: str = "welcome") -> list[list[str]]:
    """What each run sent, the newest first."""
    found = (await call(stack, user, "GET", f"/automations/{key}/runs")).json()["data"]
    return [await texts(stack, user, await reaches(stack, user, run["id"])) for run in found]


async def test_a_post_makes_the_contact_and_begins_a_run_in_every_automation_of_its_hook(stack: Stack):
    user = await holder(stack)
    path = await hook(stack, user)
    await published(stack, user, flow(sms("{{ first_name }}: {{ order_id }}"), trigger=ON_HOOK))
    await published(stack, user, flow(sms("{{ event.amount }}"), trigger=ON_HOOK, key="second"))
    body = {"email": "ada@example.com", "phone": "+14155550123", "first_name": "Ada", "order_id": "A1", "amount": "9.5"}
    answer = await stack.http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "success": True,
        "message": "Webhook processed",
        "workflows_triggered": 2,
        "contacts_enrolled": 1,
    }
    assert await sent(stack, user) == [["Ada: A1"]]
    assert await sent(stack, user, "second") == [["9.5"]]
    (contact,) = (await call(stack, user, "GET", "/contacts")).json()["data"]
    assert (contact["email"], contact["first_name"]) == ("ada@example.com", "Ada")


async def test_forms_and_nested_bodies_are_read_by_the_map_of_the_trigger(stack: Stack):
    user = await holder(stack)
    path = await hook(stack, user)
    places = {"phone": "/customer/phone", "fields": {"first_name": "customer.name"}, "event": {"id": "/id"}}
    await published(stack, user, flow(sms("{{ first_name }} {{ id }}"), trigger=ON_HOOK | {"map": places}))
    nested = {"id": "A1", "customer": {"phone": "+14155550123", "name": "Ada"}}
    assert (await stack.http.post(path, json=nested)).json()["workflows_triggered"] == 1
    form = {"id": "A2", "customer[phone]": "+14155550124", "customer[name]": "Bob"}
    assert (await stack.http.post(path, data=form)).json()["workflows_triggered"] == 1
    assert await sent(stack, user) == [["Bob A2"], ["Ada A1"]]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"[]", "webhook_body"),
        (b'"ada@example.com"', "webhook_body"),
        (b"{", "json_invalid"),
        (b"{}", "contact_missing"),
        (b'{"phone": {"a": 1}}', "contact_missing"),
        (b'{"email": "no address"}', "email"),
        (b'{"email": "a@example.com", "x": NaN}', "json_invalid"),
    ],
)
async def test_a_post_that_names_nobody_is_refused_and_changes_nothing(stack: Stack, content: bytes, code: str):
    user = await holder(stack)
    path = await hook(stack, user)
    await published(stack, user, flow(sms(), trigger=ON_HOOK))
    answer = await stack.http.post(path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert (await call(stack, user, "GET", "/contacts")).json()["data"] == []
    assert (await call(stack, user, "GET", "/automations/welcome/entries")).json()["data"] == []


async def test_an_address_that_is_none_any_more_begins_nothing(stack: Stack):
    user = await holder(stack)
    path = await hook(stack, user)
    body = {"email": "ada@example.com"}
    assert (await stack.http.post(path, json=body)).json()["workflows_triggered"] == 0
    assert (await call(stack, user, "DELETE", "/hooks/shop-cart")).status_code == 200
    for gone in (path, path[:-1], path + "a", "/api/automation/webhook/" + "a" * 52, "/api/automation/webhook/%00"):
        assert_error(await stack.http.post(gone, json=body), 404, "hook_not_found")
    listed = (await call(stack, user, "GET", "/hooks")).json()["data"]
    assert listed == []


async def test_the_secret_of_a_hook_is_shown_once(stack: Stack):
    user = await holder(stack)
    path = await hook(stack, user)
    answer = await call(stack, user, "GET", "/hooks")
    assert path.rsplit("/", 1)[1] not in answer.text
    assert [one["key"] for one in answer.json()["data"]] == ["shop-cart"]
    assert_error(await call(stack, user, "POST", "/hooks", {"name": "Shop Cart!"}), 409, "hook_taken")


async def test_nobody_becomes_a_contact_where_the_automation_says_so(stack: Stack):
    user = await holder(stack)
    path = await hook(stack, user)
    await published(stack, user, flow(sms(), trigger=ON_HOOK, entry={"create_contact": False}))
    assert (await stack.http.post(path, json={"phone": "+14155550123"})).json()["workflows_triggered"] == 0
    entries = (await call(stack, user, "GET", "/automations/welcome/entries")).json()["data"]
    assert [(one["outcome"], one["contact"]) for one in entries] == [("no_contact", None)]
    assert (await call(stack, user, "GET", "/contacts")).json()["data"] == []
