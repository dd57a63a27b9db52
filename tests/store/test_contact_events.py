"""What providers report of messages to contacts is recorded with the contact, once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.messages.receipts import ReceiptKind
from store.audience.events import recording
from store.pool import Pool
from tests.segments import new_contact
from tests.store.builders import apply_all, launched, new_gateway, receipt


async def recorded(pool: Pool, account_id: int, contact: str) -> list[tuple[str, dict]]:
    names = [f"message.{kind}" for kind in ReceiptKind]
    since = datetime.now(UTC) - timedelta(days=10_000)
    found = await recording.of_contact(pool, account_id, UUID(contact), names, since, 100)
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
