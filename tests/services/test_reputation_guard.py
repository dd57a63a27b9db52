"""The reputation guard on a real database: it warns, pauses what is not transactional, and does each once."""

import asyncio
from uuid import UUID

import pytest

import store.reputation.bad_reports
from domain.access.actors import COMMAND_LINE
from domain.channels import Channel
from domain.messages.receipts import ReceiptKind
from services.changes import change
from services.reputation.guard import judge_new
from services.reputation.shown import of_gateway, of_user
from services.sending_pauses import pause_sending, resume_gateway, resume_sending
from store.messages import receipts
from store.pool import Pool
from store.reputation import findings, mails, modes, pauses
from store.reputation.findings import Finding
from store.sending_pauses import all_pauses
from tests.store.builders import new_account, new_batch, new_gateway, receipt
from tests.store.reputation_builders import bad_reports, sent_messages

PAUSE = {"reputation_guard": "pause"}


async def judged(pool: Pool, account_id: int, **environment: str) -> list[Finding]:
    await judge_new(pool, environment)
    return await findings.latest(pool, account_id, None, 10)


async def test_complaints_are_warned_of_once_and_nothing_is_held_back(fresh_pool: Pool):
    account, gateway = await new_account(fresh_pool), await new_gateway(fresh_pool)
    await sent_messages(fresh_pool, account, gateway, 200)
    await bad_reports(fresh_pool, account, gateway, 4)
    assert await judged(fresh_pool, account) == []
    await bad_reports(fresh_pool, account, gateway, 1)
    (warning,) = await judged(fresh_pool, account)
    assert (warning.level, warning.signal, warning.bad, warning.sent) == ("warning", "complaint", 5, 200)
    assert "5 of 200 messages (2.5 %) were reported as spam" in warning.sentence
    await bad_reports(fresh_pool, account, gateway, 20)
    assert await judged(fresh_pool, account) == [warning], "not again within seven days"
    assert await all_pauses(fresh_pool) == []


async def test_an_account_is_paused_except_for_transactional_messages_and_resumed_by_a_person(fresh_pool: Pool):
    account, gateway = await new_account(fresh_pool), await new_gateway(fresh_pool, owner=await new_account(fresh_pool))
    await sent_messages(fresh_pool, account, gateway, 300)
    await bad_reports(fresh_pool, account, gateway, 5)
    (pause,) = await judged(fresh_pool, account, **PAUSE)
    (held,) = await all_pauses(fresh_pool)
    assert (held.account_id, held.channel, held.spares_transactional) == (account, "email", True)
    assert held.reason == pause.sentence
    assert (await of_user(fresh_pool, PAUSE, account))["channels"][0]["paused"] == pause.sentence
    await bad_reports(fresh_pool, account, gateway, 50)
    assert len(await judged(fresh_pool, account, **PAUSE)) == 1
    async with change(fresh_pool, COMMAND_LINE, "sending.resumed") as made:
        await resume_sending(made, account, Channel.EMAIL)
    assert await all_pauses(fresh_pool) == []
    await bad_reports(fresh_pool, account, gateway, 5)  # all that was sent is from before
    (only,) = await judged(fresh_pool, account, **PAUSE)
    assert only.ended_at is not None
    await sent_messages(fresh_pool, account, gateway, 300)
    await bad_reports(fresh_pool, account, gateway, 1)
    assert [one.bad for one in await judged(fresh_pool, account, **PAUSE)] == [6, 5]


async def test_two_processes_at_once_pause_once_and_one_mail_is_due(fresh_pool: Pool):
    account, gateway = await new_account(fresh_pool), await new_gateway(fresh_pool, owner=await new_account(fresh_pool))
    await sent_messages(fresh_pool, account, gateway, 200)
    await bad_reports(fresh_pool, account, gateway, 10)
    await asyncio.gather(*(judge_new(fresh_pool, PAUSE) for _ in range(6)))
    assert len(await findings.latest(fresh_pool, account, None, 10)) == 1
    claimed = await asyncio.gather(*(mails.claim(fresh_pool, 60, 10) for _ in range(4)))
    (mail,) = [mail for some in claimed for mail in some]
    assert (mail.about, mail.level, mail.signal) == (str(account), "pause", "complaint")
    await mails.sent(fresh_pool, mail)
    async with fresh_pool.connection() as conn:
        cursor = await conn.execute("select action from audit_events where action like 'reputation.%'")
        assert await cursor.fetchall() == [("reputation.paused",)]


async def test_a_shared_gateway_is_judged_by_all_that_was_sent_through_it(fresh_pool: Pool):
    gateway, accounts = await new_gateway(fresh_pool), [await new_account(fresh_pool) for _ in range(3)]
    for account in accounts:
        await sent_messages(fresh_pool, account, gateway, 80, "sms")
        await bad_reports(fresh_pool, account, gateway, 30, "undelivered", "sms")
    assert await judged(fresh_pool, accounts[0], **PAUSE) == [], "each of them sent too little to be judged"
    assert len(await pauses.gateway_pauses(fresh_pool)) == 1
    shown = await of_gateway(fresh_pool, gateway)
    assert "90 of 240 messages (37.5 %) were not delivered" in shown["paused"]
    async with change(fresh_pool, COMMAND_LINE, "sending.resumed") as made:
        await resume_gateway(made, gateway)
    assert await pauses.gateway_pauses(fresh_pool) == []
    await bad_reports(fresh_pool, accounts[0], gateway, 1, "undelivered", "sms")
    await judge_new(fresh_pool, PAUSE)
    assert await pauses.gateway_pauses(fresh_pool) == []


@pytest.mark.parametrize(("install", "own", "paused"), [("pause", "warn", 0), ("off", "pause", 1), ("pause", "off", 0)])
async def test_staff_decides_for_single_accounts(fresh_pool: Pool, install: str, own: str, paused: int):
    account, gateway = await new_account(fresh_pool), await new_gateway(fresh_pool, owner=await new_account(fresh_pool))
    await modes.set_guard(fresh_pool, account, own)  # type: ignore[arg-type]
    await sent_messages(fresh_pool, account, gateway, 200)
    await bad_reports(fresh_pool, account, gateway, 10)
    found = await judged(fresh_pool, account, reputation_guard=install)
    assert len(await all_pauses(fresh_pool)) == paused
    assert len(found) == (0 if own == "off" else 1)


async def test_what_staff_has_paused_stays_paused_as_staff_said(fresh_pool: Pool):
    account, gateway = await new_account(fresh_pool), await new_gateway(fresh_pool, owner=await new_account(fresh_pool))
    async with change(fresh_pool, COMMAND_LINE, "sending.paused") as made:
        await pause_sending(made, account, Channel.EMAIL, "unpaid")
    await sent_messages(fresh_pool, account, gateway, 200)
    await bad_reports(fresh_pool, account, gateway, 10)
    assert await judged(fresh_pool, account, **PAUSE) == []
    ((held),) = await all_pauses(fresh_pool)
    assert (held.reason, held.spares_transactional) == ("unpaid", False)


async def test_a_batch_is_paused_after_a_thousand_with_too_many_bounces(fresh_pool: Pool):
    batch, gateway = await new_batch(fresh_pool, 2000, 500, 500), await new_gateway(fresh_pool, owner=0)
    await say_sent(fresh_pool, batch.id, gateway, 999)
    await bad_reports(fresh_pool, batch.account_id, gateway, 300, "undelivered", "sms", batch.id)
    assert [one for one in await judged(fresh_pool, batch.account_id, **PAUSE) if one.subject == "batch"] == []
    await say_sent(fresh_pool, batch.id, gateway, 1000)
    await bad_reports(fresh_pool, batch.account_id, gateway, 1, "undelivered", "sms", batch.id)
    await judge_new(fresh_pool, PAUSE)
    (pause,) = await findings.paused_batches(fresh_pool, 10)
    assert (pause.batch_id, pause.hours, pause.bad, pause.sent) == (batch.id, None, 301, 1000)
    assert await findings.pause_of_batch(fresh_pool, batch.id) == pause.sentence


async def say_sent(pool: Pool, batch_id: UUID, gateway_id: UUID, count: int) -> None:
    async with pool.connection() as conn:
        await conn.execute(
            """update messages set state = 'sent', credit = 'free', gateway_id = %s
               where uid in (select uid from messages where batch_of(page_of(uid)) = %s order by uid limit %s)""",
            (gateway_id, batch_id, count),
        )


async def test_what_is_too_much_to_count_is_let_be_and_others_are_judged(
    fresh_pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    huge, account, gateway = [await new_account(fresh_pool) for _ in range(2)] + [await new_gateway(fresh_pool)]
    for one in (huge, account):
        await sent_messages(fresh_pool, one, gateway, 200)
        await bad_reports(fresh_pool, one, gateway, 10)
    slow = f"select case when %(account)s = {huge} then (select count(*) from pg_sleep(30)) else 200 end"
    with monkeypatch.context() as patched:
        patched.setitem(store.reputation.bad_reports._SENT, "account", slow)
        patched.setattr("store.reputation.bad_reports._COUNT_MS", 50)
        await judge_new(fresh_pool, PAUSE)
    assert [pause.account_id for pause in await all_pauses(fresh_pool)] == [account]
    assert await findings.latest(fresh_pool, huge, None, 10) == []


async def test_receipts_leave_reports_only_if_they_are_bad(fresh_pool: Pool):
    account, gateway = await new_account(fresh_pool), await new_gateway(fresh_pool)
    mails_, texts = [await sent_messages(fresh_pool, account, gateway, 5, name) for name in ("email", "sms")]
    reported = [
        *((mails_[n], kind) for n, kind in enumerate(("bounced", "undelivered", "rejected", "delivered", "failed"))),
        *((texts[n], kind) for n, kind in enumerate(("bounced", "undelivered", "rejected", "delivered", "failed"))),
        (mails_[3], "complained"),
        (mails_[3], "unsubscribed"),
        (texts[3], "undelivered"),  # it had arrived
    ]
    for uid, kind in reported:
        one = receipts.GatewaysReceipts([gateway], [receipt(ReceiptKind(kind), uid=str(uid), key=f"{uid}{kind}")])
        for _ in range(2):  # as providers repeat it
            await receipts.apply(fresh_pool, [one])
    async with fresh_pool.connection() as conn:
        cursor = await conn.execute("select channel, kind, count(*) from bad_reports group by 1, 2 order by 1, 2")
        assert await cursor.fetchall() == [
            ("email", "complaint", 1),
            ("email", "hard_bounce", 1),
            ("sms", "undelivered", 2),
        ]


async def soft_bounces(pool: Pool, account: int, gateway: UUID, *reasons: str) -> list[tuple[str, bool]]:
    """Mails to one recipient that come back one after the other, a delivered one if there is no reason; returns the
    suppressions of the account."""
    for why in reasons:
        (uid,) = await sent_messages(pool, account, gateway, 1)
        async with pool.connection() as conn:
            await conn.execute("update messages set recipient = 'ada@example.com' where uid = %s", (uid,))
        kind = ReceiptKind.UNDELIVERED if why else ReceiptKind.DELIVERED
        one = receipt(kind, uid=str(uid), key=str(uid), reason=why)
        await receipts.apply(pool, [receipts.GatewaysReceipts([gateway], [one])])
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select reason, until > clock_timestamp() + interval '29 days' from suppressions where account_id = %s""",
            (account,),
        )
        return await cursor.fetchall()


FULL = "452 4.2.2 mailbox full"


@pytest.mark.parametrize(
    ("mode", "reasons", "suppressed"),
    [
        ("pause", [FULL] * 5, True),
        ("pause", [FULL] * 4, False),
        ("pause", [FULL, FULL, "", FULL, FULL, FULL], False),  # one got through
        ("pause", [*[FULL] * 4, "552 5.3.4 message too large"], False),
        ("warn", [FULL] * 5, False),
        (None, [FULL] * 5, False),
    ],
)
async def test_five_soft_bounces_in_a_row_suppress_for_a_month_where_the_guard_may_hold_back(
    fresh_pool: Pool, mode: str | None, reasons: list[str], suppressed: bool
):
    account, gateway = await new_account(fresh_pool), await new_gateway(fresh_pool)
    await modes.set_guard(fresh_pool, account, mode)  # type: ignore[arg-type]
    found = await soft_bounces(fresh_pool, account, gateway, *reasons)
    assert found == ([("soft_bounced", True)] if suppressed else [])
