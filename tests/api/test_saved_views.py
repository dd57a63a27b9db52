"""Filters of lists that somebody keeps under names."""

import asyncio

import pytest

from api.auth.views import MOST
from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.log_in import Session, member, user
from tests.stack import Stack

PATH = "/api/views"
FAILED = {"page": "messages", "name": "Failed SMS", "query": "state=failed&channel=sms"}


async def test_a_view_is_kept_renamed_and_deleted(stack: Stack):
    me = await (await user(await admin(stack))).begin()
    made = await me.data("POST", PATH, FAILED)
    assert made | {"id": 0} == {"id": 0, **FAILED}
    assert await me.data("POST", PATH, FAILED | {"query": "state=failed"}) == made | {"query": "state=failed"}
    await me.data("POST", PATH, FAILED | {"page": "contacts", "query": ""})
    assert [one["page"] for one in await me.data("GET", PATH)] == ["contacts", "messages"]
    assert [one["id"] for one in await me.data("GET", f"{PATH}?page=messages")] == [made["id"]]
    renamed = await me.data("PATCH", f"{PATH}/{made['id']}", {"name": "Failed"})
    assert renamed["name"] == "Failed"
    await me.data("POST", PATH, FAILED)
    assert_error(await me.call("PATCH", f"{PATH}/{made['id']}", {"name": "Failed SMS"}), 409, "view_taken")
    await me.data("DELETE", f"{PATH}/{made['id']}")
    assert_error(await me.call("DELETE", f"{PATH}/{made['id']}"), 404, "view_not_found")


async def test_views_are_of_one_person(stack: Stack):
    boss = await admin(stack)
    people = [await user(boss), await user(boss), await member(boss, "support")]
    mine, other, staff = [await person.begin() for person in people]
    made = await mine.data("POST", PATH, FAILED)
    for session in (other, staff):
        assert await session.data("GET", PATH) == []
        path = f"{PATH}/{made['id']}"
        assert_error(await session.call("PATCH", path, {"name": "x"}), 404, "view_not_found")
        assert_error(await session.call("DELETE", path), 404, "view_not_found")
    await staff.data("POST", PATH, FAILED)
    await boss.call("DELETE", f"/staff/{people[2].id}")
    async with stack.pool.connection() as conn:
        left = await conn.execute("select count(*) from saved_views where staff_id = %s", (people[2].id,))
        assert await left.fetchone() == (0,)


async def test_no_more_than_fifty_are_kept(stack: Stack):
    me = await (await user(await admin(stack))).begin()
    names = [FAILED | {"name": f"View {number}"} for number in range(MOST + 3)]
    answers = await asyncio.gather(*(me.call("POST", PATH, one) for one in names))
    assert sorted(answer.status_code for answer in answers) == [200] * MOST + [409] * 3
    kept = (await me.data("GET", PATH))[0]
    await me.data("POST", PATH, {name: kept[name] for name in ("page", "name")} | {"query": "q=x"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a\nb"},
        {"name": "x" * 61},
        {"page": "Messages"},
        {"page": ""},
        {"query": "q=a b"},
        {"query": "q=\u0000"},
        {"query": "x" * 1001},
        {"more": 1},
    ],
)
async def test_what_is_no_view_is_refused(stack: Stack, views_of: Session, wrong: dict[str, object]):
    assert (await views_of.call("POST", PATH, FAILED | wrong)).status_code == 422


@pytest.fixture
async def views_of(stack: Stack) -> Session:
    return await (await user(await admin(stack))).begin()
