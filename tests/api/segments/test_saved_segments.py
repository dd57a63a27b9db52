"""Segments over HTTP: saved, counted, listed, explained; and nothing of another account."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from store.audience.segments import matching
from tests.api.answers import assert_error
from tests.api.test_narrowed_keys import key_with
from tests.segments import new_contact
from tests.stack import Stack, User

VIPS = {"key": "vips", "name": "VIPs", "condition": {"all": [{"tag": "vip"}, {"not": {"suppressed": "email"}}]}}


async def holder(stack: Stack) -> User:
    return await key_with(stack, await stack.user(), "contacts", "read")


async def call(stack: Stack, user: User, method: str, path: str = "", body: object = None, **headers: str):
    sent = user.headers | {name.replace("_", "-"): value for name, value in headers.items()}
    more = {} if body is None else {"json": body}
    return await stack.http.request(method, f"/api/segments{path}", headers=sent, **more)


async def data(stack: Stack, user: User, method: str, path: str = "", body: object = None):
    answer = await call(stack, user, method, path, body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_a_segment_is_saved_changed_and_deleted(stack: Stack):
    user = await holder(stack)
    dry = await call(stack, user, "POST", "?dry_run=true", VIPS)
    assert dry.json()["dry_run"]
    assert await data(stack, user, "GET") == []
    made = await data(stack, user, "POST", "", VIPS)
    assert made["condition"] == VIPS["condition"]
    place = f"/{made['id']}"
    assert await data(stack, user, "GET", place) == made
    assert_error(await call(stack, user, "POST", "", VIPS), 409, "segment_taken")
    assert_error(await call(stack, user, "PATCH", place, {"name": "X"}, if_match='"x"'), 412, "changed_meanwhile")
    changed = await data(stack, user, "PATCH", place, {"name": "Best", "condition": {"tag": "gold", "op": "has"}})
    assert (changed["key"], changed["name"], changed["condition"]) == ("vips", "Best", {"tag": "gold"})
    assert [each["id"] for each in await data(stack, user, "GET")] == [made["id"]]
    assert await data(stack, user, "DELETE", place) is None
    assert_error(await call(stack, user, "GET", place), 404, "segment_not_found")


async def test_contacts_are_counted_listed_page_by_page_and_explained(stack: Stack):
    user, stranger = await holder(stack), await holder(stack)
    young, *adults = [await new_contact(stack.pool, user.id, tags=["vip"], fields={"age": age}) for age in (17, 18, 19)]
    adults.sort()  # those of one millisecond are in no order
    await new_contact(stack.pool, stranger.id, tags=["vip"], fields={"age": 40})
    condition = {"all": [{"tag": "vip"}, {"field": "contact.age", "op": "gte", "value": 18}]}
    assert await data(stack, user, "POST", "/count", {"condition": condition}) == {"count": 2}
    made = await data(stack, user, "POST", "", {"key": "adults", "name": "Adults", "condition": condition})
    first = (await call(stack, user, "GET", f"/{made['id']}/contacts?limit=1")).json()
    assert [each["id"] for each in first["data"]] == [adults[0]]
    rest = (await call(stack, user, "GET", f"/{made['id']}/contacts?limit=1&cursor={first['next_cursor']}")).json()
    assert ([each["id"] for each in rest["data"]], rest["next_cursor"]) == ([adults[1]], None)
    trace = await data(stack, user, "GET", f"/{made['id']}/explain/{young}")
    assert not trace["result"]
    assert [(part["pointer"], part["result"], part["why"]) for part in trace["parts"]] == [
        ("/all/0", True, "has the tag"),
        ("/all/1", False, "it is 17"),
    ]
    assert_error(await call(stack, user, "GET", f"/{made['id']}/explain/{uuid4()}"), 404, "contact_not_found")
    for method, place, body in [
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine"}),
        ("DELETE", "", None),
        ("GET", "/contacts", None),
        ("GET", f"/explain/{young}", None),
    ]:
        refused = await call(stack, stranger, method, f"/{made['id']}{place}", body)
        assert_error(refused, 404, "segment_not_found")


async def test_faults_of_a_condition_are_named_with_their_places(stack: Stack):
    user = await holder(stack)
    condition = {"any": [{"tag": ""}, {"field": "event.x", "op": "eq", "value": 1}, {"regex": "(a+)+$"}]}
    for path, body in [("/count", {}), ("", {"key": "x", "name": "X"})]:
        answer = await call(stack, user, "POST", path, body | {"condition": condition})
        assert answer.status_code == 422
        assert [(fault["code"], fault["pointer"]) for fault in answer.json()["errors"]] == [
            ("condition_value", "/condition/any/0/tag"),
            ("condition_field", "/condition/any/1/field"),
            ("condition_kind", "/condition/any/2"),
        ]
    assert_error(await call(stack, user, "POST", "", VIPS | {"key": "Größe"}), 422, "segment_key", "/key")


async def test_text_of_a_tenant_is_never_sql(stack: Stack):
    user = await holder(stack)
    for text in ("'; drop table contacts; --", "%(p0)s", "%s", "$1", "a' or 'a'='a", '"]', "\\"):
        await new_contact(stack.pool, user.id, tags=[text], fields={"x": text}, first_name=text)
        condition = {
            "all": [
                {"tag": text},
                {"field": "contact.x", "op": "eq", "value": text},
                {"field": "contact.first_name", "op": "contains", "value": text},
                {"not": {"group": text}},
            ]
        }
        assert await data(stack, user, "POST", "/count", {"condition": condition}) == {"count": 1}
    assert_error(await call(stack, user, "GET", "/count"), 405, "http_405")


async def test_a_count_that_takes_too_long_is_ended_and_says_so(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    user = await holder(stack)
    async with stack.pool.connection() as conn:
        await conn.execute(
            """insert into contacts (id, account_id, email, fields)
               select gen_random_uuid(), %s, gen_random_uuid() || '@example.com', %s from generate_series(1, 3000)""",
            (user.id, Jsonb({"x": "y" * 900})),
        )
    monkeypatch.setattr(matching, "SECONDS", 0.001)
    ask = {"field": "contact.x", "op": "contains", "value": "yz"}
    answer = await call(stack, user, "POST", "/count", {"condition": {"any": [ask] * 20}})
    assert_error(answer, 503, "segment_too_slow")
    assert (await call(stack, user, "GET")).status_code == 200


async def test_a_key_without_the_scope_is_refused(stack: Stack):
    user = await stack.user()
    assert_error(await call(stack, user, "GET"), 403, "scope_missing")


async def test_days_are_those_of_the_contact(stack: Stack):
    user = await holder(stack)
    at = datetime(2026, 3, 28, 23, 30, tzinfo=UTC).isoformat()
    await new_contact(stack.pool, user.id, time_zone="Europe/Berlin", fields={"seen": at})
    await new_contact(stack.pool, user.id, fields={"seen": at})
    condition = {"field": "contact.seen", "op": "after", "value": "2026-03-28"}
    assert await data(stack, user, "POST", "/count", {"condition": condition}) == {"count": 1}
