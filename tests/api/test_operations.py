"""Long work as operations: progress, errors, cancelling, who sees it."""

import asyncio
from uuid import uuid4

import pytest

from domain.access.actors import COMMAND_LINE
from domain.operations.slices import MOST_ERRORS
from services.operations.registry import KINDS
from store.operations import operations
from store.pool import InTransaction
from tests.api.admin import admin
from tests.api.operations import Counting, begin_counting, counting, ended, steps_written, until
from tests.stack import Stack


async def test_it_goes_from_queued_to_done_and_tells_how_far_it_is(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    staff = await admin(stack)
    with counting(monkeypatch, pause=0.1) as kind:
        begun = await begin_counting(stack.pool, 5)
        shown = await staff.data("GET", f"/operations/{begun.id}")
        assert shown.keys() == {
            *("id", "kind", "state", "user", "done", "total", "failed", "cancellable", "errors", "result"),
            *("created_at", "started_at", "finished_at"),
        }
        assert (shown["kind"], shown["done"], shown["finished_at"]) == (kind.name, shown["done"], None)
        half = await until(stack.pool, begun.id, lambda found: 0 < found.done < 5)
        assert (half.state, half.total, half.result) == ("running", 5, {"steps": half.done})
        done = await ended(stack.pool, begun.id)
    assert (done.state, done.done, done.total, done.failed) == ("done", 5, 5, 0)
    assert done.started_at is not None
    assert done.input == {}, "what was to be done is forgotten: it may hold personal data"


async def test_a_slice_that_fails_leaves_nothing_behind_and_is_done_again(stack: Stack, monkeypatch):
    tries: list[int] = []

    def act(step: int) -> None:
        tries.append(step)
        if tries.count(step) < 2:
            raise RuntimeError("a fault, after the slice has written")

    with counting(monkeypatch, act=act):
        done = await ended(stack.pool, (await begin_counting(stack.pool, 2)).id)
    assert (done.state, done.done, tries) == ("done", 2, [1, 1, 2, 2])
    assert await steps_written(stack.pool, done) == 2


async def test_it_keeps_the_first_errors_and_counts_all(stack: Stack, monkeypatch):
    with counting(monkeypatch, act=lambda step: [("wrong", f"step {step}")] * 30):
        done = await ended(stack.pool, (await begin_counting(stack.pool, 5)).id)
    assert (done.state, done.failed, len(done.errors)) == ("done", 150, MOST_ERRORS)
    assert done.errors[0] == {"item": "1", "code": "wrong", "message": "step 1"}


async def test_one_that_is_cancelled_does_nothing_more(stack: Stack, monkeypatch):
    staff = await admin(stack)
    with counting(monkeypatch, pause=0.2):
        begun = await begin_counting(stack.pool, 1000)
        await until(stack.pool, begun.id, lambda found: found.done > 0)
        tried = await staff.call("POST", f"/operations/{begun.id}/cancel?dry_run=true")
        assert tried.json()["data"]["state"] == "cancelled"
        assert (await staff.data("GET", f"/operations/{begun.id}"))["state"] == "running"
        cancelled = await staff.data("POST", f"/operations/{begun.id}/cancel")
        handle = stack.temporal.get_workflow_handle(f"operation-{begun.id}")
        await asyncio.wait_for(handle.result(), 30)
    after = await ended(stack.pool, begun.id)
    assert (after.state, after.done) == ("cancelled", cancelled["done"])
    assert (await staff.data("POST", f"/operations/{begun.id}/cancel"))["state"] == "cancelled"


async def test_what_has_ended_or_is_done_as_a_whole_is_not_cancelled(stack: Stack, monkeypatch):
    staff = await admin(stack)
    with counting(monkeypatch):
        done = await ended(stack.pool, (await begin_counting(stack.pool, 1)).id)
        refused = await staff.call("POST", f"/operations/{done.id}/cancel")
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "operation_ended")
    with counting(monkeypatch, pause=0.1) as kind:
        monkeypatch.setattr(kind, "may_be_cancelled", False)
        begun = await begin_counting(stack.pool, 5)
        refused = await staff.call("POST", f"/operations/{begun.id}/cancel")
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "operation_not_cancellable")
        assert (await ended(stack.pool, begun.id)).state == "done"


async def test_one_of_an_unknown_kind_fails_and_says_so(stack: Stack):
    failed = await ended(stack.pool, (await begin_counting(stack.pool, 1)).id)
    assert (failed.state, failed.errors[0]["code"]) == ("failed", "kind_unknown")


async def test_lists_filter_by_state_kind_and_user(stack: Stack, monkeypatch):
    staff, user = await admin(stack), await stack.user(credit=0)
    with counting(monkeypatch):
        mine = [await begin_counting(stack.pool, 1, user.id) for _ in range(3)]
        for each in mine:
            await ended(stack.pool, each.id)
    ids = sorted((str(each.id) for each in mine), reverse=True)  # of one millisecond they are in no order of theirs
    for filters in ("", "&state=done&state=failed", f"&kind={Counting.name}", f"&kind={Counting.name}&state=done"):
        assert [one["id"] for one in await staff.data("GET", f"/operations?user={user.id}{filters}")] == ids
    assert await staff.data("GET", f"/operations?user={user.id}&state=failed") == []
    first = (await staff.call("GET", f"/operations?user={user.id}&limit=2")).json()
    rest = await staff.data("GET", f"/operations?user={user.id}&limit=2&cursor={first['next_cursor']}")
    assert [one["id"] for one in first["data"] + rest] == ids
    lines = (await staff.call("GET", f"/operations?user={user.id}&format=csv")).text.splitlines()
    assert (len(lines), lines[0].split(",")[:3]) == (4, ["id", "kind", "state"])
    for wrong in ("state=ended", "sate=done", "user=0", "cursor=abc"):
        assert (await staff.call("GET", f"/operations?{wrong}")).status_code == 422


async def test_users_see_those_that_their_own_key_began_and_no_other(stack: Stack):
    user, other, staff = await stack.user(credit=0), await stack.user(credit=0), await admin(stack)
    mine = await begin_counting(stack.pool, 1, user.id)
    by_staff = await operations.add(stack.pool, Counting.name, mine.began_by, {"to": 1}, user.id)
    await ended(stack.pool, mine.id)

    async def status(who, operation) -> int:
        return (await stack.http.get(f"/api/operations/{operation}", headers=who.headers)).status_code

    assert await status(user, mine.id) == 200
    assert [await status(who, what) for who, what in ((other, mine.id), (user, by_staff.id), (user, uuid4()))] == [
        404
    ] * 3
    assert (await staff.call("GET", f"/operations/{mine.id}")).status_code == 200
    assert (await staff.call("GET", f"/operations/{uuid4()}")).status_code == 404
    support = await staff.colleague("support")
    assert (await support.call("GET", f"/operations/{mine.id}")).status_code == 403

    async def listed(who, query: str = "") -> list[str]:
        answer = await stack.http.get(f"/api/operations{query}", headers=who.headers)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["data"]]

    assert (await listed(user), await listed(other)) == ([str(mine.id)], [])
    assert await listed(user, "?kind=users.export") == await listed(user, "?state=queued") == []
    second = await begin_counting(stack.pool, 1, user.id)
    page = (await stack.http.get("/api/operations?limit=1", headers=user.headers)).json()
    following = await listed(user, f"?limit=1&cursor={page['next_cursor']}")
    assert {page["data"][0]["id"], *following} == {str(mine.id), str(second.id)}
    for wrong in ("state=ended", "sate=done", "user=1", "cursor=abc"):
        assert (await stack.http.get(f"/api/operations?{wrong}", headers=user.headers)).status_code == 422


async def test_users_cancel_those_that_their_own_key_began(stack: Stack, monkeypatch):
    user, other, staff = await stack.user(credit=0), await stack.user(credit=0), await admin(stack)
    with counting(monkeypatch, pause=0.2) as kind:
        mine = await begin_counting(stack.pool, 1000, user.id)
        by_staff = await operations.add(stack.pool, Counting.name, mine.began_by, {"to": 1000}, user.id)
        path = f"/api/operations/{mine.id}"
        for who, operation in ((other, mine.id), (user, by_staff.id), (user, uuid4())):
            refused = await stack.http.post(f"/api/operations/{operation}/cancel", headers=who.headers)
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (404, "operation_not_found")
        assert (await stack.http.get(path, headers=user.headers)).json()["data"]["cancellable"] is True
        tried = await stack.http.post(f"{path}/cancel?dry_run=true", headers=user.headers)
        assert (tried.json()["data"]["state"], tried.json()["dry_run"]) == ("cancelled", True)
        monkeypatch.setattr(kind, "may_be_cancelled", False)
        refused = await stack.http.post(f"{path}/cancel", headers=user.headers)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "operation_not_cancellable")
        assert (await stack.http.get(path, headers=user.headers)).json()["data"]["cancellable"] is False
        monkeypatch.setattr(kind, "may_be_cancelled", True)
        for _ in range(2):
            cancelled = await stack.http.post(f"{path}/cancel", headers=user.headers)
            assert cancelled.status_code == 200, cancelled.text
            assert (cancelled.json()["data"]["state"], cancelled.json()["data"]["cancellable"]) == ("cancelled", False)
        await staff.data("POST", f"/operations/{by_staff.id}/cancel")
    noted = await staff.data("GET", f"/audit?actor=user:{user.id}&action=operation.cancelled")
    assert {target["id"] for event in noted for target in event["targets"]} == {str(mine.id)}


async def test_a_key_cancels_only_what_it_could_begin(stack: Stack):
    user, staff = await stack.user(credit=0), await admin(stack)
    keys = {
        scope: (await staff.data("POST", "/keys", {"user": user.id, "scopes": ["read", scope]}))["key"]
        for scope in ("read", "send", "contacts")
    }
    async with stack.pool.connection() as conn, conn.transaction():  # no worker sees one that is not cancelled yet
        store = InTransaction(conn)
        begun = [await operations.add(store, kind, COMMAND_LINE, {}, user.id, user.id) for kind in KINDS]
        for operation in begun:
            await operations.cancel(store, operation.id)
    for operation in begun:
        needed = KINDS[operation.kind].scope
        for scope, key in keys.items():
            path = f"/api/operations/{operation.id}/cancel"
            answer = await stack.http.post(path, headers={"Api-key": key})
            assert answer.status_code == (200 if needed in ("", "read", scope) else 403), (operation.kind, scope)


async def test_one_whose_workflow_was_lost_is_started_again(stack: Stack, monkeypatch):
    from worker.sweeps.operations import start_operations

    with counting(monkeypatch, pause=0.3):
        begun = await begin_counting(stack.pool, 8)
        await until(stack.pool, begun.id, lambda found: found.done > 0)
        await stack.temporal.get_workflow_handle(f"operation-{begun.id}").terminate()
        await start_operations(stack.pool, stack.temporal, quiet=0.0)
        done = await ended(stack.pool, begun.id)
    assert (done.state, done.done) == ("done", 8)
