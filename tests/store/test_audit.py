"""The audit log: a chain in which a change, a gap and a lost end show."""

import asyncio
from uuid import uuid4

import pytest
from psycopg import sql

from domain.access.actors import COMMAND_LINE, Actor
from domain.errors import ConflictError, ForbiddenError
from embedded.engine import Engine
from services.access.staff import add_member, change_member, remove_member
from services.changes import change
from store.access import audit
from store.access.audit import Filter, Target
from store.migrate import migrate, migrations
from store.pool import Pool, open_pool
from tests.databases import new_database


async def write(pool: Pool, name: str = "") -> None:
    async with change(pool, COMMAND_LINE, "user.updated") as made:
        made.about("user", 7, name)
        made.compare({"name": "a", "plan": None, "same": 1}, {"name": "b", "plan": "p", "same": 1}, hidden=("name",))
        made.reason = "why"


async def test_an_event_tells_who_did_what_and_no_personal_values(fresh_pool: Pool):
    await write(fresh_pool, "Ann")
    (event,) = await audit.page(fresh_pool, Filter(), 2**63 - 1, 10)
    assert (event.id, event.action, event.outcome) == (1, "user.updated", "ok")
    assert event.event["actor"] == {"type": "cli", "id": "cli", "name": "", "role": None}
    assert event.event["targets"] == [{"type": "user", "id": "7", "name": "Ann"}]
    assert event.event["changes"] == [
        {"field": "name", "from": None, "to": None},
        {"field": "plan", "from": None, "to": "p"},
    ]
    assert event.event["reason"] == "why"


async def test_events_at_a_time_make_one_chain(fresh_pool: Pool):
    await asyncio.gather(*(write(fresh_pool) for _ in range(30)))
    verdict = await audit.verify(fresh_pool)
    assert (verdict.events, verdict.last, verdict.first_wrong) == (30, 30, None)


@pytest.mark.parametrize(
    ("forgery", "first_wrong"),
    [
        ("update audit_events set action = 'user.created' where id = 3", 3),
        ("""update audit_events set event = jsonb_set(event, '{reason}', '"other"') where id = 3""", 3),
        ("update audit_events set at = at + interval '1 second' where id = 3", 3),
        ("update audit_events set actor = 'staff:1' where id = 1", 1),
        ("delete from audit_events where id = 3", 4),
        ("delete from audit_events where id = 1", 2),
        ("update audit_events set hash = sha256('x') where id = 5", 5),
    ],
)
async def test_whoever_changes_an_event_is_found_out(fresh_pool: Pool, forgery: str, first_wrong: int):
    for _ in range(5):
        await write(fresh_pool)
    async with fresh_pool.connection() as conn:
        await conn.execute("alter table audit_events disable trigger all")
        await conn.execute(sql.SQL(forgery))  # type: ignore[arg-type]
        await conn.execute("alter table audit_events enable trigger all")
    assert (await audit.verify(fresh_pool)).first_wrong == first_wrong


async def test_a_log_whose_end_was_cut_off_has_another_last_hash(fresh_pool: Pool):
    for _ in range(3):
        await write(fresh_pool)
    before = await audit.verify(fresh_pool)
    async with fresh_pool.connection() as conn:
        await conn.execute("alter table audit_events disable trigger all")
        await conn.execute("delete from audit_events where id = 3")
    after = await audit.verify(fresh_pool)
    assert (after.first_wrong, after.last, after.last_hash != before.last_hash) == (None, 2, True)


async def test_what_fails_leaves_neither_a_change_nor_an_event(fresh_pool: Pool):
    async def fail() -> None:
        async with change(fresh_pool, COMMAND_LINE, "staff.added") as made:
            await add_member(made, "a@example.com", "A", "owner", None)
            raise ConflictError("later", "it fails later")

    with pytest.raises(ConflictError):
        await fail()
    assert await audit.page(fresh_pool, Filter(), 2**63 - 1, 10) == []
    async with change(fresh_pool, COMMAND_LINE, "staff.added") as made:
        await add_member(made, "a@example.com", "A", "owner", None)


async def test_a_refused_grant_is_logged_and_nothing_is_changed(fresh_pool: Pool):
    actor = Actor("staff", "9", "bo@example.com", "helper", frozenset({"staff:write"}))
    with pytest.raises(ForbiddenError):
        async with change(fresh_pool, actor, "staff.added") as made:
            await add_member(made, "a@example.com", "A", "owner", None)
    (event,) = await audit.page(fresh_pool, Filter(outcome=["denied"]), 2**63 - 1, 10)
    assert (event.event["actor"]["id"], event.event["metadata"]) == ("9", {"role": "owner", "denied": "grant_denied"})


async def test_the_last_owner_stays_also_when_two_leave_at_a_time(fresh_pool: Pool):
    ids = []
    for name in ("a", "b"):
        async with change(fresh_pool, COMMAND_LINE, "staff.added") as made:
            ids.append((await add_member(made, f"{name}@example.com", name, "owner", None)).id)

    async def leave(member: int, how: str) -> None:
        async with change(fresh_pool, COMMAND_LINE, "staff.removed") as made:
            if how == "removed":
                await remove_member(made, member)
            else:
                await change_member(made, member, {"role": "support"})

    ends = await asyncio.gather(leave(ids[0], "removed"), leave(ids[1], "changed"), return_exceptions=True)
    (refused,) = [end for end in ends if isinstance(end, BaseException)]
    assert isinstance(refused, ConflictError)
    assert refused.code == "last_owner"


async def test_filters_find_events(fresh_pool: Pool):
    await write(fresh_pool)
    async with change(fresh_pool, Actor("key", "k"), "key.issued") as made:
        made.about("key", uuid4())
    assert [event.id for event in await audit.page(fresh_pool, Filter(target="user:7"), 100, 10)] == [1]
    assert [event.id for event in await audit.page(fresh_pool, Filter(actor="key:k"), 100, 10)] == [2]
    assert [event.id for event in await audit.page(fresh_pool, Filter(action=["key.issued", "x"]), 100, 10)] == [2]
    assert [event.id for event in await audit.page(fresh_pool, Filter(), 2, 10)] == [1]
    async with fresh_pool.connection() as conn:
        latest = await audit.latest(conn, "user.updated", Target("user", "7"))
    assert latest is not None
    assert latest.id == 1


async def test_what_was_logged_before_is_at_the_start_of_the_chain(engine: Engine):
    url = await new_database(engine.database_url)
    await migrate(url, [file for file in migrations() if file[0] < "0030"])
    uid = uuid4()
    pool = await open_pool(url, 1, "test")
    async with pool.connection() as conn:
        await conn.execute(
            """insert into audit_log (actor, action, object, detail) values
                   ('cli', 'message.resolve', %(uid)s, '{"as": "resend", "reason": "lost", "attempt": 2}'),
                   ('somekey', 'message.resolve', %(uid)s, '{"as": "sent", "reason": ""}')""",
            {"uid": str(uid)},
        )
    await migrate(url)
    await write(pool)
    last, second, first = await audit.page(pool, Filter(), 100, 10)
    assert first.event["actor"]["type"] == "cli"
    assert (first.event["reason"], first.event["metadata"]) == ("lost", {"as": "resend", "attempt": 2})
    assert (second.event["actor"]["type"], second.event["actor"]["id"]) == ("key", "somekey")
    assert last.action == "user.updated"
    assert [event.id for event in await audit.page(pool, Filter(target=f"message:{uid}"), 100, 10)] == [2, 1]
    assert await audit.verify(pool) == audit.Verdict(3, 3, (await audit.verify(pool)).last_hash, None)
    await pool.close()
