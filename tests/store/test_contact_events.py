"""What happens to messages and consent of contacts is recorded with the contact, once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.audience.consents import ConsentState, NewConsent
from domain.messages.receipts import Inbound, ReceiptKind
from store.audience import inbound
from store.audience.consent import consents
from store.audience.events import recording
from store.messages import attempts, pages
from store.pool import InTransaction, Pool
from tests.segments import new_contact
from tests.store.builders import apply_all, flush, launched, new_account, new_gateway, new_page, receipt


async def recorded(pool: Pool, account_id: int, contact: str) -> list[tuple[str, dict]]:
    found = await recording.story(pool, account_id, UUID(contact), None, None, 100)
    return sorted(((event.name, event.data) for event in found), key=lambda one: one[0])


async def test_reports_of_messages_to_contacts_are_recorded_once(pool: Pool):
    gateway = await new_gateway(pool)
    page = await launched(pool, gateway, 3)
    contact = await new_contact(pool, page.account_id, email=None, phone=page.recipients[0])
    elsewhere = await launched(pool, gateway, 1)
    foreign = await new_contact(pool, elsewhere.account_id, email=None, phone=page.recipients[1])
    reported = [
        receipt(ReceiptKind.DELIVERED, uid=str(page.uids[0]), key="d", at=1.7e9),
        receipt(ReceiptKind.CLICKED, uid=str(page.uids[0]), key="c", at=1.7e9, url="https://example.com"),
        receipt(ReceiptKind.DELIVERED, uid=str(page.uids[1]), key="d", at=1.7e9),
    ]
    for _ in range(2):
        await apply_all(pool, [gateway], reported)
    of = {"uid": str(page.uids[0]), "channel": "sms"}
    assert await recorded(pool, page.account_id, contact) == [
        ("message.clicked", of | {"url": "https://example.com"}),
        ("message.delivered", of),
    ]
    assert await recorded(pool, elsewhere.account_id, foreign) == []


async def test_a_whatsapp_message_reaches_the_contact_by_its_whatsapp_number_or_else_its_phone(pool: Pool):
    gateway = await new_gateway(pool)
    page = await launched(pool, gateway, 2)
    async with pool.connection() as conn:
        await conn.execute("update messages set channel = 'whatsapp' where uid = any(%s)", (page.uids,))
    by_phone = await new_contact(pool, page.account_id, email=None, phone=page.recipients[0])
    other_phone = await new_contact(
        pool, page.account_id, email=None, phone=page.recipients[1], whatsapp="+4915112345678"
    )
    await apply_all(pool, [gateway], [receipt(ReceiptKind.READ, uid=str(uid), key="r", at=1.7e9) for uid in page.uids])
    assert [name for name, _ in await recorded(pool, page.account_id, by_phone)] == ["message.read"]
    assert await recorded(pool, page.account_id, other_phone) == []


async def test_an_accepted_message_is_recorded_once_and_a_refused_one_not(pool: Pool):
    gateway = await new_gateway(pool)
    page = await launched(pool, gateway, 3)
    ids = [await new_contact(pool, page.account_id, email=None, phone=to) for to in page.recipients]
    foreign = await new_contact(pool, await new_account(pool), email=None, phone=page.recipients[0])
    for outcomes in (["unknown", "refused", "accepted"], ["accepted", "refused", "accepted"]):
        await flush(pool, page, *outcomes)
    of = [[("message.sent", {"uid": str(uid), "channel": "sms"})] for uid in page.uids]
    assert [await recorded(pool, page.account_id, id_) for id_ in ids] == [of[0], [], of[2]]
    account = await recording.story(pool, page.account_id, UUID(foreign), None, None, 9)
    assert list(account) == []


async def say(pool: Pool, gateway: UUID, sender: str, body: str = "Hello", **more) -> None:
    said = Inbound(key=uuid4().hex, at=datetime.now(UTC).timestamp(), sender=sender, recipient="us", body=body, **more)
    for _ in range(2):
        assert await inbound.take(pool, gateway, "sms", said, None, 100) is not None


async def sent(pool: Pool, gateway: UUID, account: int, to: str, provider_id: str, age: float = 0.0) -> UUID:
    page = replace(new_page(account, [0], age), recipients=[to])
    await pages.hold(pool, page)
    await attempts.write_intents(pool, page.uids, 1, gateway, uuid4())
    await attempts.flush_outcomes(pool, [attempts.Attempted(page.uids[0], 1, "accepted", provider_id)])
    return page.uids[0]


async def test_what_a_contact_writes_is_received_by_the_owner_of_the_gateway_with_its_keyword(pool: Pool):
    owner, number = await new_account(pool), "+12025550111"
    gateway = await new_gateway(pool, owner)
    contact = await new_contact(pool, owner, email=None, phone=number)
    await say(pool, gateway, number)
    await say(pool, gateway, number, "STOP")
    assert await recorded(pool, owner, contact) == [
        ("message.received", {"channel": "sms", "keyword": "stop"}),
        ("message.received", {"channel": "sms"}),
    ]


async def test_a_reply_belongs_to_who_sent_last_through_a_shared_gateway_or_to_the_message_that_it_answers(pool: Pool):
    gateway, number = await new_gateway(pool), "+12025550112"
    first, second = await new_account(pool), await new_account(pool)
    ids = [await new_contact(pool, account, email=None, phone=number) for account in (first, second)]
    uids = [await sent(pool, gateway, account, number, f"p{account}") for account in (first, second)]
    await say(pool, gateway, number)
    await say(pool, gateway, number, answers=f"p{first}")
    for account, contact, uid in zip((first, second), ids, uids, strict=True):
        assert [one for one in await recorded(pool, account, contact) if one[0] != "message.sent"] == [
            ("message.replied", {"channel": "sms", "uid": str(uid)})
        ]


async def test_what_is_written_long_after_the_last_message_is_no_reply(pool: Pool):
    gateway, number, account = await new_gateway(pool), "+12025550113", await new_account(pool)
    contact = await new_contact(pool, account, email=None, phone=number)
    await sent(pool, gateway, account, number, "p", age=31 * 86400.0)
    await say(pool, gateway, number)
    assert [name for name, _ in await recorded(pool, account, contact)] == ["message.sent"]


@pytest.mark.parametrize(("days", "names"), [(1, ["consent.granted", "consent.withdrawn"]), (200, ["consent.granted"])])
async def test_choices_of_consent_are_recorded_while_events_are_kept(pool: Pool, days: int, names: list[str]):
    account, now = await new_account(pool), datetime.now(UTC)
    contact = await new_contact(pool, account, email="ada@example.com")
    new = [
        NewConsent("email", "Ada@example.com", "news", ConsentState(state), "api", at=now - timedelta(days=age))
        for state, age in (("withdrawn", days), ("granted", 0), ("pending", 0))
    ]
    for _ in range(2):
        async with pool.connection() as conn, conn.transaction():
            await consents.record(InTransaction(conn), account, new)
    found = await recorded(pool, account, contact)
    of = {"channel": "email", "purpose": "news", "source": "api"}
    assert found == [(name, of) for name in names]
