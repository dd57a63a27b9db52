"""Messages that failed wait again, with credits and limits held anew: whatever becomes of them, the counts agree."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from domain.access.api_keys import KeyKind
from domain.messages.page import KeyTerms
from domain.messages.receipts import ReceiptKind
from domain.messages.statuses import State
from store.access import key_spend
from store.accounts import api_keys, plans
from store.accounts.credits import audit, top_up
from store.messages import pages
from store.messages.attempts import Attempted, flush_outcomes, write_intents
from store.messages.pages import PageRows, settle
from store.messages.replays import finding
from store.messages.replays.finding import Count, Failed
from store.messages.replays.reopening import Share, reopen
from store.messages.search.filters import Filter
from store.messages.search.walks import IN_ORDER
from store.pool import InTransaction, Pool
from tests.store.builders import apply_all, held, new_account, new_gateway, new_page, receipt, sms_wallet, states

STATES = [State.REJECTED, State.UNDELIVERED, State.EXPIRED, State.UNKNOWN]


def failures(account: int, *state: State) -> Failed:
    chosen = Filter(account_id=account, states=state or STATES)
    return Failed(chosen, datetime.now(UTC) + timedelta(minutes=1), datetime.now(UTC) - timedelta(days=1))


async def reopened(pool: Pool, page: PageRows) -> dict[UUID, str | None]:
    """Have all of a page that failed wait again; why others do not."""
    async with pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        found = await finding.lock(store, failures(page.account_id), page.uids)
        shares = defaultdict(list)
        for one in found:
            share = Share(one.account_id, "sms", one.key_id or "", one.test, False, one.is_unknown)
            shares[share].append(one.uid)
        return dict(await reopen(store, shares))


async def tried(pool: Pool, page: PageRows, number: int, outcome: str, gateway: UUID, id_: str = "") -> None:
    """An attempt at all of a page, and the page's end."""
    await write_intents(pool, page.uids, number, gateway, uuid4())
    await flush_outcomes(pool, [Attempted(uid, number, outcome, id_ or None, receipts=bool(id_)) for uid in page.uids])
    await settle(pool, page.uids[0], page.uids[-1])


async def agrees(pool: Pool, account: int) -> bool:
    return [found for found in await audit(pool) if found.account_id == account] == []


async def test_credits_and_limits_are_held_and_returned_each_time(pool: Pool):
    name = f"limited {uuid4()}"
    plan = plans.NewPlan.model_validate(
        {"name": name, "channels": {"sms": {"credits": 10, "daily_limit": 3}}}, strict=False
    )
    await plans.create(pool, plan)
    account, gateway = await new_account(pool, plan=name), await new_gateway(pool)
    key = KeyTerms((await api_keys.create(pool, KeyKind.USER, account, spend_cap=9)).id)
    page = replace(new_page(account, [2, 1]), key=key)
    await held(pool, page)
    for number in range(1, 4):
        await tried(pool, page, number, "refused", gateway)
        assert await sms_wallet(pool, account) == (10, 0, 0, 10)
        assert (await key_spend.today(pool, key.id), await used(pool, account)) == (0, 0)
        assert await reopened(pool, page) == dict.fromkeys(page.uids)
        assert await sms_wallet(pool, account) == (7, 3, 0, 10)
        assert (await key_spend.today(pool, key.id), await used(pool, account)) == (3, 2)
    await tried(pool, page, 4, "accepted", gateway)
    assert await sms_wallet(pool, account) == (7, 0, 3, 10)
    assert (await key_spend.today(pool, key.id), await used(pool, account)) == (3, 2)
    assert await states(pool, page) == [("sent", None, "captured")] * 2
    assert await agrees(pool, account)


async def used(pool: Pool, account: int) -> int:
    async with pool.connection() as conn:
        row = await (
            await conn.execute("select sum(messages) from daily_usage where account_id = %s", (account,))
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_of_an_attempt_before_only_the_arrival_counts(pool: Pool):
    account, gateway = await new_account(pool, 1), await new_gateway(pool)
    page = new_page(account, [1])
    await held(pool, page)
    await tried(pool, page, 1, "accepted", gateway, "first")
    await apply_all(pool, [gateway], [receipt(ReceiptKind.UNDELIVERED, provider_id="first")])
    assert await sms_wallet(pool, account) == (1, 0, 0, 1)
    assert await reopened(pool, page) == {page.uids[0]: None}
    late = [receipt(kind, provider_id="first") for kind in (ReceiptKind.REJECTED, ReceiptKind.SENT, ReceiptKind.FAILED)]
    await apply_all(pool, [gateway], late)
    assert await states(pool, page) == [("queued", None, "held")]
    await tried(pool, page, 2, "accepted", gateway, "second")
    await apply_all(pool, [gateway], [receipt(ReceiptKind.EXPIRED, provider_id="first")])
    assert await states(pool, page) == [("sent", None, "captured")]
    await apply_all(pool, [gateway], [receipt(ReceiptKind.UNDELIVERED, provider_id="second")])
    assert await states(pool, page) == [("undelivered", None, "refunded")]
    await reopened(pool, page)
    await apply_all(pool, [gateway], [receipt(ReceiptKind.DELIVERED, provider_id="first")])
    assert await states(pool, page) == [("delivered", None, "captured")]
    assert await sms_wallet(pool, account) == (0, 0, 1, 1)
    assert await agrees(pool, account)


async def test_messages_are_counted_with_their_credits_and_with_what_stands_against_them(pool: Pool):
    account, gateway = await new_account(pool, 20), await new_gateway(pool)
    dear, cheap, doubtful, arrived = (new_page(account, prices) for prices in ([3, 2], [1], [4], [5]))
    for page in (dear, cheap, doubtful, arrived):
        await held(pool, page)
    for page, outcome in ((dear, "refused"), (cheap, "refused"), (doubtful, "unknown"), (arrived, "accepted")):
        await tried(pool, page, 1, outcome, gateway)
    async with pool.connection() as conn:
        await conn.execute("update messages set state = 'expired' where uid = any(%s)", (arrived.uids,))
        await conn.execute("update messages set fallback_uid = %s where uid = %s", (uuid4(), cheap.uids[0]))
    expected = [
        Count(account, "sms", None, 2, 5, 11),
        Count(account, "sms", "fallback_sent", 1, 1, 11),
        Count(account, "sms", "may_have_arrived", 1, 5, 11),
    ]
    assert await finding.count(pool, failures(account, State.REJECTED, State.EXPIRED)) == (expected, True)
    counts, _ = await finding.count(pool, failures(account))
    assert counts[0] == Count(account, "sms", None, 3, 5, 11), "of unknown ones the credits are held"
    assert await reopened(pool, doubtful) == {doubtful.uids[0]: None}
    assert await states(pool, doubtful) == [("unknown", None, "held")]
    assert await agrees(pool, account)


async def test_what_the_wallet_has_not_stays_failed(pool: Pool):
    account, gateway = await new_account(pool, 3), await new_gateway(pool)
    page = new_page(account, [2, 2])
    assert await held(pool, page) == {1: "no_credit"}
    await write_intents(pool, page.uids[:1], 1, gateway, uuid4())
    await flush_outcomes(pool, [Attempted(page.uids[0], 1, "refused")])
    await pages.settle(pool, page.uids[0], page.uids[-1])
    assert list((await reopened(pool, page)).values()) == [None, "no_credit"]
    await top_up(pool, account, "sms", 1, "test", uuid4())
    assert await reopened(pool, page) == {page.uids[1]: None}
    assert await states(pool, page) == [("queued", None, "held")] * 2
    assert await sms_wallet(pool, account) == (0, 4, 0, 4)
    assert await agrees(pool, account)


async def test_what_is_not_settled_yet_is_left_to_its_page(pool: Pool):
    account, gateway = await new_account(pool, 1), await new_gateway(pool)
    page = new_page(account, [1])
    await held(pool, page)
    await write_intents(pool, page.uids, 1, gateway, uuid4())
    await flush_outcomes(pool, [Attempted(page.uids[0], 1, "refused")])
    assert await finding.count(pool, failures(account)) == ([], True)
    assert await reopened(pool, page) == {}
    await settle(pool, page.uids[0], page.uids[-1])
    assert await reopened(pool, page) == {page.uids[0]: None}
    assert await sms_wallet(pool, account) == (0, 1, 0, 1)
    assert await agrees(pool, account)


async def test_the_next_ones_come_newest_first_however_few_are_read(pool: Pool, monkeypatch):
    monkeypatch.setattr(finding, "_MOST_READ", 3)
    account, gateway = await new_account(pool, 20), await new_gateway(pool)
    uids = []
    for _ in range(4):
        page = new_page(account, [1, 1])
        await held(pool, page)
        await tried(pool, page, 1, "refused", gateway)
        uids += page.uids
    found, below = [], None
    while True:
        some, below = await finding.following(pool, failures(account, State.REJECTED), below, 2)
        found += some
        if below is None:
            break
    assert found == sorted(uids, reverse=True)


async def test_to_count_them_each_is_looked_up_by_its_uid_and_the_transaction_is_as_before(pool: Pool):
    account = await new_account(pool)
    wanted = failures(account, State.FAILED)
    async with pool.connection() as conn, conn.transaction():
        await conn.execute(
            """insert into messages (uid, account_id, channel, recipient, state, price, credit)
               select (left(uid_at(now())::text, 24) || lpad(to_hex(n), 12, '0'))::uuid, %s, 'sms', '+1', 'failed', 1,
                      'released' from generate_series(1, 3000) as n""",
            (account,),
        )
        counts, _ = await finding.count(InTransaction(conn), wanted)
        assert counts == [Count(account, "sms", None, 3000, 3000, 0)]
        shown = await (
            await conn.execute("select current_setting('enable_sort'), current_setting('enable_bitmapscan')")
        ).fetchone()
        assert shown == ("on", "on")
        await conn.execute(IN_ORDER)
        query = finding._COUNT.format(fits=finding._fits(wanted), where=finding._where(wanted))
        cursor = await conn.execute(
            f"explain {query}".encode(), finding._values(wanted, None, 100) | {"attempts_since": UUID(int=0)}
        )
        plan = "\n".join(line for (line,) in await cursor.fetchall())
    assert "(uid = read.uid)" in plan
    assert "account_id_uid_idx on messages" not in plan
