"""What is unknown does not stay so: people decide, or time does; each credit moves once."""

import asyncio
from uuid import UUID, uuid4

import pytest
from psycopg.errors import RaiseException

from domain.access.actors import COMMAND_LINE, Actor
from domain.errors import ConflictError, NotFoundError
from domain.ids import batch_page_id, new_batch_id, new_page_id, page_end, page_of
from domain.keyring import CREDENTIALS, Keyring
from domain.messages.receipts import Receipt, ReceiptKind
from store.accounts.credits import audit
from store.callbacks import callback_deliveries
from store.messages import resolving, unknown
from store.messages.attempts import Attempted, flush_outcomes, write_intents
from store.messages.pages import PageRows, hold, settle
from store.pool import Pool
from tests.receiver import register
from tests.store.builders import apply_all, new_account, new_page, sms_wallet, states

KEY = Actor("key", "key1")
KEYRING = Keyring.parse(Keyring.generate(), CREDENTIALS)


async def in_doubt(pool: Pool, account: int, size: int = 1) -> tuple[PageRows, UUID]:
    """A page whose answers were lost an hour after it was accepted, and its gateway."""
    page, gateway = new_page(account, [1] * size, age=3600), uuid4()
    await hold(pool, page)
    await write_intents(pool, page.uids, 1, gateway, uuid4())
    await flush_outcomes(pool, [Attempted(uid, 1, "unknown", reason="lost") for uid in page.uids])
    await settle(pool, page.uids[0], page.uids[-1])
    return page, gateway


async def audited(pool: Pool, uid: UUID) -> list[tuple[str, str, str]]:
    """Who did what, and how."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select actor, action, event -> 'metadata' ->> 'as' from audit_events where target = %s order by id""",
            (f"message:{uid}",),
        )
        return await cursor.fetchall()


@pytest.mark.parametrize(
    ("outcome", "credit", "wallet"), [("sent", "captured", (8, 0, 1, 9)), ("failed", "released", (9, 0, 0, 9))]
)
async def test_whoever_decides_settles_the_credit_once_and_it_is_told_and_audited(pool: Pool, outcome, credit, wallet):
    account = await new_account(pool, credit=9)
    endpoint = await register(pool, KEYRING, account, "https://example.com/")
    page, _ = await in_doubt(pool, account)
    uid = page.uids[0]
    done = await asyncio.gather(*(resolving.settle(pool, uid, outcome, "asked them", KEY) for _ in range(5)))
    assert {(each.state, each.credit) for each in done} == {(outcome, credit)}
    assert sorted(map(len, (each.endpoints for each in done))) == [0, 0, 0, 0, 1]
    assert await states(pool, page) == [(outcome, "resolved", credit)]
    assert await sms_wallet(pool, account) == wallet
    assert await audited(pool, uid) == [("key:key1", "message.resolved", outcome)]
    told = await callback_deliveries.listed(pool, endpoint.id, None, None, 10)
    assert [delivery.type for delivery in told] == [f"message.{outcome}"]


async def test_of_two_who_decide_otherwise_one_wins(pool: Pool):
    account = await new_account(pool, credit=9)
    page, _ = await in_doubt(pool, account)
    done = await asyncio.gather(
        *(resolving.settle(pool, page.uids[0], outcome, "", COMMAND_LINE) for outcome in ("sent", "failed")),
        return_exceptions=True,
    )
    (winner,) = [each for each in done if not isinstance(each, BaseException)]
    (loser,) = [each for each in done if isinstance(each, BaseException)]
    assert isinstance(loser, ConflictError)
    assert loser.code == "not_unknown"
    assert await states(pool, page) == [(winner.state, "resolved", winner.credit)]
    assert len(await audited(pool, page.uids[0])) == 1


async def test_what_is_known_or_is_nothing_is_not_resolved(pool: Pool):
    page = new_page(await new_account(pool, credit=9), [1])
    await hold(pool, page)
    with pytest.raises(ConflictError, match="is queued"):
        await resolving.settle(pool, page.uids[0], "sent", "", COMMAND_LINE)
    with pytest.raises(NotFoundError):
        await resolving.begin_resend(pool, uuid4(), "", COMMAND_LINE)


async def test_a_resend_is_noted_once_for_each_try(pool: Pool):
    page, gateway = await in_doubt(pool, await new_account(pool, credit=9))
    (uid,) = page.uids
    assert await resolving.being_resent(pool, uid) is None
    noted = [await resolving.begin_resend(pool, uid, "", COMMAND_LINE) for _ in range(2)]
    assert [(each.attempt, each.is_repeat) for each in noted] == [(2, False), (2, True)]
    await write_intents(pool, page.uids, 2, gateway, uuid4())
    assert await resolving.being_resent(pool, uid) is not None
    await flush_outcomes(pool, [Attempted(uid, 2, "unknown")])
    assert await resolving.being_resent(pool, uid) is None
    assert (await resolving.begin_resend(pool, uid, "", COMMAND_LINE)).attempt == 3
    assert await audited(pool, uid) == [("cli:cli", "message.resolved", "resend")] * 2


@pytest.mark.parametrize(
    "change", ["update audit_events set actor = 'nobody'", "delete from audit_events", "truncate audit_events"]
)
async def test_the_audit_log_cannot_be_changed(pool: Pool, change):
    async with pool.connection() as conn:
        with pytest.raises(RaiseException, match="append-only"):
            await conn.execute(change)


@pytest.mark.parametrize(
    ("state", "credit", "wallet"), [("expired", "released", (300, 0, 0, 300)), ("sent", "captured", (0, 0, 300, 300))]
)
async def test_time_ends_what_nobody_decides(fresh_pool: Pool, state, credit, wallet):
    account = await new_account(fresh_pool, credit=300)
    endpoint = await register(fresh_pool, KEYRING, account, "https://example.com/")
    page, _ = await in_doubt(fresh_pool, account, 300)
    assert [found async for found in unknown.end_older_than(fresh_pool, 7.0, state)] == []
    assert await sms_wallet(fresh_pool, account) == (0, 300, 0, 300)
    ended = [found async for found in unknown.end_older_than(fresh_pool, 0.0, state)]
    assert ended == [{endpoint.id}] * 2
    assert await states(fresh_pool, page) == [(state, "unknown_expired", credit)] * 300
    assert await sms_wallet(fresh_pool, account) == wallet
    assert await audit(fresh_pool) == []
    told = await callback_deliveries.listed(fresh_pool, endpoint.id, None, None, 1000)
    assert sorted(delivery.uid for delivery in told) == page.uids


async def test_a_late_receipt_still_wins(fresh_pool: Pool):
    account = await new_account(fresh_pool, credit=1)
    page, gateway = await in_doubt(fresh_pool, account)
    assert [found async for found in unknown.end_older_than(fresh_pool, 0.0, "expired")] == []
    late = Receipt(ReceiptKind.DELIVERED, key="late", at=1700000000.0, uid=str(page.uids[0]))
    await apply_all(fresh_pool, [gateway], [late])
    assert await states(fresh_pool, page) == [("delivered", None, "released")]
    assert await audit(fresh_pool) == []


async def test_database_and_domain_read_uids_alike(pool: Pool):
    batch = new_batch_id()
    uids = [UUID(int=page.int | 300) for page in (new_page_id(), batch_page_id(batch, 1), batch_page_id(batch, 131071))]
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select page_of(u), page_end(page_of(u)), batch_of(u) from unnest(%s::uuid[]) as u", (uids,)
        )
        found = await cursor.fetchall()
    assert [row[:2] for row in found] == [(page_of(uid), page_end(page_of(uid))) for uid in uids]
    assert [row[2] for row in found[1:]] == [batch, batch]
