"""Contacts of an account, over HTTP."""

import asyncio
from uuid import uuid4

import pytest

from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.contacts.calls import call, data, holder
from tests.api.test_narrowed_keys import key_with
from tests.stack import Stack, User

ADA = {
    "external_id": "crm-1",
    "email": "Ada@Example.com",
    "phone": "+44 7400 123456",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "language": "en_gb",
    "country": "gb",
    "time_zone": "europe/london",
    "tags": ["vip", "beta"],
}


async def made(stack: Stack, user: User, **values: object) -> dict:
    return await data(stack, user, "POST", "/contacts", values or ADA)


async def test_a_contact_is_made_read_changed_and_deleted(stack: Stack):
    user = await holder(stack)
    new = await made(stack, user)
    assert {name: new[name] for name in ADA} == ADA | {
        "email": "Ada@example.com",
        "phone": "+447400123456",
        "language": "en-GB",
        "country": "GB",
        "time_zone": "Europe/London",
        "tags": ["beta", "vip"],
    }
    assert {each["from"] for each in new["origins"].values()} == {"api"}
    path = f"/contacts/{new['id']}"
    read = await call(stack, user, "GET", path)
    assert read.json()["data"] == new
    stale = await call(stack, user, "PATCH", path, {"first_name": "Eve"}, If_Match='"no"')
    assert_error(stale, 412, "changed_meanwhile")
    change = {"first_name": None, "phone": "07400 999999", "tags": ["new"]}
    changed = await data(stack, user, "PATCH", path, change, If_Match=read.headers["etag"])
    assert (changed["first_name"], changed["phone"], changed["tags"]) == (None, "+447400999999", ["new"])
    assert "first_name" not in changed["origins"]
    assert changed["updated_at"] > new["updated_at"]
    assert (await data(stack, user, "PATCH", path, change))["updated_at"] == changed["updated_at"]
    assert_error(await call(stack, user, "DELETE", path, If_Match=read.headers["etag"]), 412, "changed_meanwhile")
    assert await data(stack, user, "DELETE", path) is None
    assert_error(await call(stack, user, "GET", path), 404, "contact_not_found")
    events = await (await admin(stack)).data("GET", f"/audit?actor=user:{user.id}")
    assert [each["action"] for each in events][-1] == "contact.created"
    assert "contact.deleted" in {each["action"] for each in events}
    assert "Lovelace" not in str(events)


async def test_an_address_belongs_to_one_contact_of_an_account(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    first = await made(stack, user)
    for same in ({"email": "ADA@example.com"}, {"phone": "+447400123456"}, {"external_id": "crm-1"}):
        answer = await call(stack, user, "POST", "/contacts", same)
        assert_error(answer, 409, "contact_taken", f"/{next(iter(same))}")
        assert first["id"] in answer.json()["message"]
    second = await made(stack, user, email="eve@example.com")
    answer = await call(stack, user, "PATCH", f"/contacts/{second['id']}", {"email": "ada@example.com"})
    assert_error(answer, 409, "contact_taken", "/email")
    assert (await made(stack, other))["id"] != first["id"]


async def test_a_contact_keeps_an_address(stack: Stack):
    user = await holder(stack)
    assert_error(await call(stack, user, "POST", "/contacts", {"first_name": "Ada"}), 422, "contact_without_address")
    new = await made(stack, user, email="ada@example.com")
    answer = await call(stack, user, "PATCH", f"/contacts/{new['id']}", {"email": None})
    assert_error(answer, 422, "contact_without_address")


async def test_a_dry_run_makes_nothing_and_a_repeat_makes_one(stack: Stack):
    user = await holder(stack)
    assert (await call(stack, user, "POST", "/contacts?dry_run=true", ADA)).json()["dry_run"] is True
    assert await data(stack, user, "GET", "/contacts") == []
    first = await call(stack, user, "POST", "/contacts", ADA, Idempotency_Key="one")
    assert (await call(stack, user, "POST", "/contacts", ADA, Idempotency_Key="one")).content == first.content


async def test_by_its_external_id_a_contact_is_made_or_changed(stack: Stack):
    user = await holder(stack)
    path = "/contacts/by-external-id/crm%201"
    new = await data(stack, user, "PUT", path, {"email": "ada@example.com", "tags": ["a"]})
    assert new["external_id"] == "crm 1"
    again = await data(stack, user, "PUT", path, {"first_name": "Ada"})
    assert (again["id"], again["email"], again["first_name"]) == (new["id"], "ada@example.com", "Ada")
    known = await made(stack, user, phone="+4915112345678")
    adopted = await data(stack, user, "PUT", "/contacts/by-external-id/2", {"phone": "+4915112345678"})
    assert (adopted["id"], adopted["external_id"]) == (known["id"], "2")
    answer = await call(stack, user, "PUT", "/contacts/by-external-id/3", {"phone": "+4915112345678"})
    assert_error(answer, 409, "contact_taken", "/phone")


async def test_the_same_person_put_by_many_at_once_is_one_contact(stack: Stack):
    user = await holder(stack)
    bodies = [{"email": "ada@example.com", "first_name": f"Ada {n}"} for n in range(12)]
    puts = [call(stack, user, "PUT", "/contacts/by-external-id/1", body) for body in bodies]
    posts = [call(stack, user, "POST", "/contacts", {"email": "ada@example.com"}) for _ in range(6)]
    statuses = [each.status_code for each in await asyncio.gather(*puts, *posts)]
    assert set(statuses[:12]) == {200}
    assert set(statuses[12:]) <= {200, 409}
    assert len(await data(stack, user, "GET", "/contacts")) == 1


async def test_many_are_put_at_once_each_by_itself(stack: Stack):
    user = await holder(stack)
    known = await made(stack, user)
    items = [
        {"external_id": "crm-1", "first_name": "Augusta"},
        {"email": "no address"},
        {"email": "eve@example.com", "nickname": "E"},
        ["no object"],
        {"phone": "+4915112345678", "groups": ["none"]},
        {"phone": "+4915112345678"},
        {"first_name": "Nobody"},
    ]
    done = await data(stack, user, "POST", "/contacts/bulk", {"contacts": items})
    results = done.pop("results")
    assert done == {"created": 1, "updated": 1, "unchanged": 0, "refused": 5}
    assert results[0] == {"outcome": "updated", "id": known["id"], "errors": []}
    faults = [(each["errors"][0]["pointer"], each["errors"][0]["code"]) for each in results if each["errors"]]
    assert faults == [
        ("/contacts/1/email", "email_invalid"),
        ("/contacts/2/nickname", "extra_forbidden"),
        ("/contacts/3", "object_type"),
        ("/contacts/4/groups/0", "group_unknown"),
        ("/contacts/6", "contact_without_address"),
    ]


async def test_a_thousand_are_put_at_once_and_no_more(stack: Stack):
    user = await holder(stack)
    items = [{"phone": f"+49151{n:08}", "first_name": "Ada", "tags": ["new"]} for n in range(1001)]
    assert (await call(stack, user, "POST", "/contacts/bulk", {"contacts": items})).status_code == 422
    done = await data(stack, user, "POST", "/contacts/bulk", {"contacts": items[:1000]})
    assert done["created"] == 1000


async def test_two_become_one(stack: Stack):
    user = await holder(stack)
    await data(stack, user, "POST", "/contact-fields", {"key": "city", "type": "text"})
    kept = await made(stack, user, email="ada@example.com", tags=["a"], first_name="Ada")
    other = await made(
        stack, user, email="old@example.com", phone="+4915112345678", tags=["b"], fields={"city": "Bonn"}
    )
    path = f"/contacts/{kept['id']}/merge"
    assert_error(await call(stack, user, "POST", path, {"from": kept["id"]}), 422, "contact_same", "/from")
    unknown = {"from": other["id"], "take": ["last_name"]}
    assert_error(await call(stack, user, "POST", path, unknown), 422, "value_unknown", "/take/0")
    dry = await data(stack, user, "POST", f"{path}?dry_run=true", {"from": other["id"], "take": ["email"]})
    assert (dry["contact"]["email"], dry["dropped"]) == ("old@example.com", {"email": "ada@example.com"})
    merged = await data(stack, user, "POST", path, {"from": other["id"]})
    one = merged["contact"]
    assert (one["id"], one["email"], one["phone"]) == (kept["id"], "ada@example.com", "+4915112345678")
    assert (one["tags"], one["fields"], one["first_name"]) == (["a", "b"], {"city": "Bonn"}, "Ada")
    assert merged["dropped"] == {"email": "old@example.com"}
    assert one["origins"]["phone"] == other["origins"]["phone"]
    assert_error(await call(stack, user, "GET", f"/contacts/{other['id']}"), 404, "contact_not_found")


async def test_a_merge_and_changes_at_the_same_time_lose_nothing(stack: Stack):
    user = await holder(stack)
    one, two = await made(stack, user, email="a@example.com"), await made(stack, user, email="b@example.com")
    calls = [
        call(stack, user, "POST", f"/contacts/{one['id']}/merge", {"from": two["id"]}),
        call(stack, user, "POST", f"/contacts/{two['id']}/merge", {"from": one["id"]}),
        *(call(stack, user, "POST", f"/contacts/{one['id']}/tags", {"add": [f"t{n}"]}) for n in range(6)),
        *(call(stack, user, "PATCH", f"/contacts/{two['id']}", {"last_name": f"N{n}"}) for n in range(6)),
    ]
    statuses = [each.status_code for each in await asyncio.gather(*calls)]
    assert set(statuses) <= {200, 404, 422}
    assert statuses[:2] in ([200, 404], [404, 200], [200, 422], [422, 200])
    (left,) = await data(stack, user, "GET", "/contacts")
    tagged = sum(status == 200 for status in statuses[2:8])
    assert len(left["tags"]) == tagged


async def test_tags_are_added_and_removed(stack: Stack):
    user = await holder(stack)
    new = await made(stack, user)
    path = f"/contacts/{new['id']}/tags"
    assert (await data(stack, user, "POST", path, {"add": ["x"], "remove": ["vip", "none"]}))["tags"] == ["beta", "x"]
    many = {"add": [str(n) for n in range(49)]}
    assert_error(await call(stack, user, "POST", path, many), 422, "too_many", "/tags")
    assert_error(await call(stack, user, "POST", path, {"add": ["x\n"]}), 422, "characters", "/tags/0")


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        (b'{"email": "ada@example.com", "first_name": "\\u0000"}', 422, "json_text", "/first_name"),
        (b'{"email": "ada@example.com", "first_name": "\\ud800"}', 422, "json_text", "/first_name"),
        ('{"email": "ada@example.com", "first_name": "\u202egnp"}'.encode(), 422, "characters", "/first_name"),
        (b'{"email": "ada@example.com", "id": 1}', 422, "extra_forbidden", "/id"),
        (b'{"phone": 1e400}', 422, "json_number", "/phone"),
        (b'{"phone": 99999999999999999999999999}', 422, "json_number", "/phone"),
        (b'{"phone": true}', 422, "number_type", "/phone"),
        (b'{"email": {"$ne": null}}', 422, "string_type", "/email"),
        (b'{"tags": "vip", "email": "a@example.com"}', 422, "list_type", "/tags"),
        (b'{"email": "a@example.com", "fields": {"x": ' + b"[" * 100 + b"]" * 100 + b"}}", 422, "json_depth", None),
        (b'{"email": "a@example.com", "tags": [' + b'"t",' * 10_000 + b'"t"]}', 413, "too_many_values", ""),
        (b'{"email": "a@example.com", "first_name": "' + b"x" * 70_000 + b'"}', 413, "too_large", ""),
        (b"\xff", 400, "json_encoding", ""),
    ],
)
async def test_hostile_bodies_are_refused_where_they_are_wrong(stack: Stack, body, status, code, pointer):
    user = await holder(stack)
    answer = await stack.http.post("/api/contacts", content=body, headers=user.headers)
    assert answer.status_code == status, answer.text
    (first, *_) = answer.json()["errors"]
    assert first["code"] == code
    assert pointer is None or first["pointer"] == pointer


async def test_another_tenants_contact_is_not_there(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    theirs, mine = await made(stack, other), await made(stack, user, email="me@example.com")
    path = f"/contacts/{theirs['id']}"
    for method, at, body in (
        ("GET", path, None),
        ("PATCH", path, {"first_name": "Eve"}),
        ("DELETE", path, None),
        ("GET", f"{path}/messages", None),
        ("POST", f"{path}/tags", {"add": ["x"]}),
        ("POST", f"{path}/merge", {"from": mine["id"]}),
    ):
        assert_error(await call(stack, user, method, at, body), 404, "contact_not_found")
    into_mine = await call(stack, user, "POST", f"/contacts/{mine['id']}/merge", {"from": theirs["id"]})
    assert_error(into_mine, 422, "contact_unknown", "/from")
    put = await data(stack, user, "PUT", "/contacts/by-external-id/crm-1", {"first_name": "Eve"})
    assert put["id"] != theirs["id"]
    assert await data(stack, other, "GET", path) == theirs


async def test_a_key_without_the_scope_sees_no_contacts(stack: Stack):
    user = await key_with(stack, await stack.user(), "read", "send")
    for path in ("/contacts", "/groups", "/contact-fields", f"/contacts/{uuid4()}"):
        assert_error(await call(stack, user, "GET", path), 403, "scope_missing")


@pytest.mark.parametrize("word", ["bulk", "import", "export"])
async def test_an_address_beside_contacts_does_not_know_their_methods(stack: Stack, word: str):
    assert_error(await call(stack, await holder(stack), "PATCH", f"/contacts/{word}", {}), 405, "http_405")
