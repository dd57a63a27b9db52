"""Lists of contacts, groups and custom fields, over HTTP."""

import asyncio

from tests.api.answers import assert_error, send_one
from tests.api.contacts.calls import call, data, holder
from tests.api.operations import ended
from tests.api.test_narrowed_keys import key_with
from tests.stack import Stack


async def emails(stack: Stack, user, query: str) -> list[str | None]:
    return [each["email"] for each in await data(stack, user, "GET", f"/contacts?{query}")]


async def test_contacts_are_found_by_what_they_have(stack: Stack):
    user = await holder(stack)
    await data(stack, user, "POST", "/groups", {"name": "Große Kunden", "key": "large"})
    for contact in (
        {"email": "ada@example.com", "first_name": "Ada", "last_name": "Özil", "tags": ["vip"], "external_id": "1_1"},
        {"email": "adam@example.com", "phone": "+447400123456", "groups": ["large"], "external_id": "1x1"},
        {"email": "eve@example.com", "first_name": "Eve", "whatsapp": "+5511987654321", "tags": ["vip", "new"]},
    ):
        await data(stack, user, "POST", "/contacts", contact)
    for query, found in {
        "q=ada": ["adam@example.com", "ada@example.com"],
        "q=ADA%40": ["ada@example.com"],
        "q=%C3%B6z": ["ada@example.com"],
        "q=%2B447400": ["adam@example.com"],
        "q=447400": ["adam@example.com"],
        "q=1_": ["ada@example.com"],
        "q=%25": [],
        "q=none": [],
        "email=ADA%40example.com": ["ada@example.com"],
        "phone=%2B551187654321": ["eve@example.com"],
        "phone=+447400123456": ["adam@example.com"],
        "external_id=1_1": ["ada@example.com"],
        "tag=vip": ["eve@example.com", "ada@example.com"],
        "tag=vip&q=eve": ["eve@example.com"],
        "group=large": ["adam@example.com"],
        "group=none": [],
        "created_after=2100-01-01T00:00:00Z": [],
        "created_before=2100-01-01T00:00:00Z&tag=new": ["eve@example.com"],
        "updated_after=2020-01-01T00:00:00Z&limit=1": ["eve@example.com"],
        "updated_after=2100-01-01T00:00:00Z": [],
    }.items():
        assert await emails(stack, user, query) == found, query
    first = (await call(stack, user, "GET", "/contacts?limit=2")).json()
    second = (await call(stack, user, "GET", f"/contacts?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["email"] for each in first["data"] + second["data"]] == [
        *("eve@example.com", "adam@example.com", "ada@example.com")
    ]
    assert second["next_cursor"] is None
    assert_error(await call(stack, user, "GET", "/contacts?mail=x"), 422, "query_unknown", "/mail")
    csv = await call(stack, user, "GET", "/contacts?format=csv")
    assert len(csv.text.splitlines()) == 4


async def test_a_contact_in_50_groups_is_put_into_no_other(stack: Stack):
    user = await holder(stack)
    keys = [f"g{n}" for n in range(51)]
    for key in keys:
        await data(stack, user, "POST", "/groups", {"name": key, "key": key})
    full = (await data(stack, user, "POST", "/contacts", {"external_id": "1", "groups": keys[:50]}))["id"]
    free = (await data(stack, user, "POST", "/contacts", {"external_id": "2", "groups": keys[:49]}))["id"]
    added = await data(stack, user, "POST", "/groups/g50/add", {"contacts": [full, free, full]})
    assert added == {"changed": 1, "unknown": [], "full": [full]}
    assert len((await data(stack, user, "GET", f"/contacts/{full}"))["groups"]) == 50
    again = await data(stack, user, "POST", "/groups/g50/add", {"contacts": [full, free]})
    assert again == {"changed": 0, "unknown": [], "full": [full]}


async def test_groups_are_made_filled_and_deleted(stack: Stack):
    user = await holder(stack)
    one = await data(stack, user, "POST", "/groups", {"name": "Große Kunden"})
    assert one["key"] == "grosse-kunden" or one["key"] == "groe-kunden"
    assert (await data(stack, user, "POST", "/groups", {"name": "Große Kunden"}))["key"] == f"{one['key']}-2"
    assert_error(await call(stack, user, "POST", "/groups", {"name": "x", "key": one["key"]}), 409, "group_taken")
    assert_error(await call(stack, user, "POST", "/groups", {"name": "x", "key": "17"}), 422, "group_key", "/key")
    assert_error(await call(stack, user, "POST", "/groups", {"name": "a\nb"}), 422, "characters", "/name")
    path = f"/groups/{one['key']}"
    assert await data(stack, user, "GET", f"/groups/{one['id']}") == one
    assert (await data(stack, user, "PATCH", path, {"name": "VIP"}))["name"] == "VIP"
    assert len(await data(stack, user, "GET", "/groups")) == 2
    contacts = [
        (await data(stack, user, "POST", "/contacts", {"external_id": str(n), "groups": [one["key"]] * (n % 2)}))["id"]
        for n in range(3)
    ]
    other = await holder(stack)
    theirs = (await data(stack, other, "POST", "/contacts", {"external_id": "1"}))["id"]
    added = await data(stack, user, "POST", f"{path}/add", {"contacts": [*contacts, theirs]})
    assert added == {"changed": 2, "unknown": [theirs], "full": []}
    removed = await data(stack, user, "POST", f"{path}/remove", {"contacts": contacts[:1]})
    assert removed == {"changed": 1, "unknown": [], "full": []}
    assert len(await data(stack, user, "GET", f"/contacts?group={one['key']}")) == 2
    for method in ("GET", "DELETE"):
        assert_error(await call(stack, other, method, path), 404, "group_not_found")
    assert await data(stack, user, "DELETE", path) == {"operation": None}
    assert {tuple(each["groups"]) for each in await data(stack, user, "GET", "/contacts")} == {()}


async def test_a_large_group_is_taken_from_its_members_by_an_operation(stack: Stack):
    user = await holder(stack)
    await data(stack, user, "POST", "/groups", {"name": "all"})
    for part in range(2):
        items = [{"external_id": f"{part}-{n}", "groups": ["all"]} for n in range(600)]
        await data(stack, user, "POST", "/contacts/bulk", {"contacts": items})
    begun = (await data(stack, user, "DELETE", "/groups/all"))["operation"]
    assert begun["kind"] == "contact_groups.delete"
    assert (await data(stack, user, "GET", "/contacts?limit=1"))[0]["groups"] == []
    done = await ended(stack.pool, begun["id"])
    assert (done.state, done.done) == ("done", 1200)


async def test_custom_fields_have_types_and_are_deleted_with_their_values(stack: Stack):
    user = await holder(stack)
    new = {"key": "age", "type": "number", "label": "Alter"}
    field = await data(stack, user, "POST", "/contact-fields", new)
    assert {name: field[name] for name in new} == new
    assert_error(await call(stack, user, "POST", "/contact-fields", new), 409, "field_taken")
    for key in ("email", "Age", "a b", "1st", "a" * 51):
        answer = await call(stack, user, "POST", "/contact-fields", new | {"key": key})
        assert_error(answer, 422, "field_key", "/key")
    wrong = {"external_id": "1", "fields": {"age": "36"}}
    assert_error(await call(stack, user, "POST", "/contacts", wrong), 422, "field_type", "/fields/age")
    contact = await data(stack, user, "POST", "/contacts", {"external_id": "1", "fields": {"age": 36}})
    assert contact["fields"] == {"age": 36}
    assert (await data(stack, user, "PATCH", "/contact-fields/age", {"label": "Age"}))["label"] == "Age"
    begun = (await data(stack, user, "DELETE", "/contact-fields/age"))["operation"]
    assert_error(await call(stack, user, "POST", "/contact-fields", new), 409, "field_taken")
    assert_error(await call(stack, user, "GET", "/contact-fields/age"), 404, "field_not_found")
    assert (await ended(stack.pool, begun["id"])).state == "done"
    after = await data(stack, user, "GET", f"/contacts/{contact['id']}")
    assert (after["fields"], list(after["origins"])) == ({}, ["external_id"])
    assert (await data(stack, user, "POST", "/contact-fields", new))["type"] == "number"


async def test_the_messages_of_a_contact_are_those_to_its_addresses(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    await stack.gateway(user.id, "email", "sandbox", {})
    key = await key_with(stack, user, "contacts", "read", "send")
    contact = await data(stack, key, "POST", "/contacts", {"phone": "+14155550123", "email": "ada@example.com"})
    later = {"schedule_at": "2027-01-01T00:00:00Z"}
    sent = [(await send_one(stack, user, number=number, **later))["uid"] for number in ("+14155550123", "+14155550124")]
    bodies = ("Hi 0", "Hi 1")
    sent += [(await send_one(stack, user, number="+14155550123", body=body, **later))["uid"] for body in bodies]
    path = f"/contacts/{contact['id']}/messages"
    found: list[str] = []
    async with asyncio.timeout(20):
        while len(found) < 3:  # they are recorded after they were accepted
            found = [each["uid"] for each in await data(stack, key, "GET", path)]
    assert found == [sent[3], sent[2], sent[0]]
    first = (await call(stack, key, "GET", f"{path}?limit=2")).json()
    rest = (await call(stack, key, "GET", f"{path}?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["uid"] for each in first["data"] + rest["data"]] == found
