"""Usage over HTTP and by command: for staff of all, for users of their own."""

import base64
import csv
import hashlib
import io
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from tests.api.admin import admin
from tests.api.answers import send_one
from tests.stack import Stack, User


async def own(stack: Stack, user: User, query: str = "") -> Any:
    answer = await stack.http.get(f"/api/usage{query}", headers=user.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def sent(stack: Stack) -> User:
    """A user who sent an SMS and an email, both of which have ended."""
    sender = await stack.user()
    for channel in ("sms", "email"):
        await stack.gateway(sender.id, channel, "sandbox", {})
        await stack.final(sender, channel, (await send_one(stack, sender, channel))["uid"])
    return sender


async def settled(stack: Stack, user: User) -> list[dict[str, Any]]:
    """Usage by channel, once the pages' credits are settled: a moment after the outcome."""
    for _ in range(500):
        rows = (await own(stack, user, "?group_by=channel"))["data"]
        if all(row["credits"] == 1 for row in rows):
            return rows
    raise AssertionError(rows)


async def test_a_user_reads_its_own_usage(stack: Stack):
    user = await sent(stack)
    rows = await settled(stack, user)
    assert [row["channel"] for row in rows] == ["sms", "email"]
    assert all(row["accepted"] == row["sent"] + row["delivered"] == 1 for row in rows)
    (today,) = (await own(stack, user))["data"]
    assert (today["day"], today["accepted"], today["waiting"]) == (f"{datetime.now(UTC):%Y-%m-%d}", 2, 0)
    assert (await own(stack, await stack.user()))["data"] == []
    other = await stack.http.get("/api/usage?user=1", headers=user.headers)
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "query_unknown")


async def test_staff_reads_usage_of_all_and_filters_it(stack: Stack):
    user, boss = await sent(stack), await admin(stack)
    await settled(stack, user)
    by_all = "group_by=user&group_by=gateway&group_by=channel&group_by=day"
    rows = (await boss.call("GET", f"/usage?{by_all}&user={user.id}")).json()["data"]
    assert [row["user_id"] for row in rows] == [user.id] * 2
    gateway = rows[0]["gateway_id"]
    assert gateway is not None
    only = (await boss.call("GET", f"/usage?user={user.id}&gateway={gateway}&channel={rows[0]['channel']}")).json()
    assert [row["accepted"] for row in only["data"]] == [1]
    first = (await boss.call("GET", f"/usage?{by_all}&user={user.id}&limit=1")).json()
    second = (await boss.call("GET", f"/usage?{by_all}&user={user.id}&limit=1&cursor={first['next_cursor']}")).json()
    assert first["data"] + second["data"] == rows
    answer = await boss.call("GET", f"/usage?group_by=user&user={user.id}&format=csv")
    (line,) = csv.DictReader(io.StringIO(answer.text))
    assert (line["user_id"], line["accepted"], line["credits"]) == (str(user.id), "2", "2")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("group_by=hour", "literal_error"),
        ("from=2026-11-28T00:00:00Z", "day"),
        ("from=1764288000", "day"),
        ("from=2026-02-30", "date_from_datetime_parsing"),
        ("from=2026-11-02&to=2026-11-01", "period"),
        ("from=2020-01-01&to=2026-11-01", "period"),
        ("gateway=none", "uuid_parsing"),
        ("hour=1", "query_unknown"),
        ("cursor=bm9uZQ", "cursor"),
    ],
)
async def test_what_cannot_be_read_is_refused(stack: Stack, query: str, code: str):
    answer = await (await admin(stack)).call("GET", f"/usage?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code), answer.text


@pytest.mark.parametrize("place", ["x", "2026-11-28 7", "0001-01-01", "-1", "9" * 30, "2026-11-28\x00"])
@pytest.mark.parametrize("group", ["day", "user", "channel", "gateway"])
async def test_a_forged_cursor_is_refused_or_reads_on(stack: Stack, place: str, group: str):
    filters = hashlib.sha256(orjson.dumps([("group_by", group)])).hexdigest()[:16]
    cursor = base64.urlsafe_b64encode(f"{filters}.{place}".encode()).decode().rstrip("=")
    answer = await (await admin(stack)).call("GET", f"/usage?group_by={group}&cursor={cursor}")
    assert answer.status_code in (200, 422), answer.text
    assert answer.status_code == 200 or answer.json()["errors"][0]["code"] == "cursor"


async def test_days_at_the_ends_of_the_calendar(stack: Stack):
    boss, user = await admin(stack), await stack.user()  # tests of other files have messages of all times
    for query in ("to=0001-01-01", "from=9999-12-31", "from=0001-01-01&to=0001-01-01"):
        assert (await boss.call("GET", f"/usage?user={user.id}&{query}")).json() == {"data": [], "next_cursor": None}


async def test_usage_needs_its_permission(stack: Stack):
    colleague = await (await admin(stack)).colleague("developer", ["users:read"])
    answer = await colleague.call("GET", "/usage")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "permission_missing")


async def test_the_overview_counts_what_was_sent(stack: Stack):
    boss = await admin(stack)
    before = await boss.data("GET", "/overview")
    user = await sent(stack)
    await settled(stack, user)
    after = await boss.data("GET", "/overview")
    counts = [view["today"]["channels"].get("sms", {}).get("accepted", 0) for view in (before, after)]
    assert counts[1] > counts[0]
    assert after["today"]["credits"] >= before["today"]["credits"] + 2
    assert after["last_7_days"]["credits"] >= after["today"]["credits"]
    assert after["accounts"]["active"] > before["accounts"]["active"]
    assert after["workers"] != []
    colleague = await boss.colleague("finance")
    assert (await colleague.call("GET", "/overview")).status_code == 403
