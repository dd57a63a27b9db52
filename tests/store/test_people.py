"""People whom a provider names by an id of its own, and who wants no marketing."""

import time
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from domain.keyring import CREDENTIALS, Keyring
from domain.messages.receipts import Inbound, Receipt, ReceiptKind
from store.audience import inbound, inbound_lists, marketing
from store.callbacks import callback_endpoints
from store.callbacks.callback_endpoints import NewEndpoint
from store.gateways import gateways
from store.messages import attempts
from store.messages.attempts import Attempted
from store.messages.pages import PageRows
from store.pool import Pool
from tests.store.builders import apply_all, held, new_account, new_page, states

LID = "128999376343081@lid"
NUMBER = "+14155550123"


@pytest.fixture
async def account(pool: Pool) -> int:
    return await new_account(pool, 10)


@pytest.fixture
async def gateway(pool: Pool, account: int) -> UUID:
    new = gateways.NewGateway(account, "sms", f"g-{uuid4().hex[:8]}", "sandbox", {})
    return await gateways.add(pool, Keyring.parse(Keyring.generate(), CREDENTIALS), new)


def page_to(account: int, number: str = NUMBER) -> PageRows:
    return replace(new_page(account, [1]), recipients=[number])


async def sent(pool: Pool, page: PageRows, gateway: UUID, provider_id: str = "3EB0") -> None:
    assert await held(pool, page) == {}
    await attempts.write_intents(pool, page.uids, 1, gateway, uuid4())
    await attempts.flush_outcomes(pool, [Attempted(page.uids[0], 1, "accepted", provider_id, receipts=True)])


async def say(pool: Pool, gateway: UUID, body: str = "", **more) -> inbound.Taken:
    fields = {"sender": LID, "sender_id": LID} | more
    said = Inbound(key=uuid4().hex, at=time.time(), recipient="us", body=body, **fields)
    taken = await inbound.take(pool, gateway, "sms", said, None, 100)
    assert taken is not None
    return taken


async def report(pool: Pool, gateway: UUID, page: PageRows, **more) -> None:
    fields = {"kind": ReceiptKind.DELIVERED, "key": uuid4().hex, "at": time.time(), "uid": str(page.uids[0])}
    await apply_all(pool, [gateway], [Receipt(**(fields | more))])


async def test_stop_under_an_id_counts_for_the_number_that_a_receipt_told(pool: Pool, account: int, gateway: UUID):
    page = page_to(account)
    await sent(pool, page, gateway)
    await report(pool, gateway, page, recipient_id=LID)
    assert (await say(pool, gateway, "STOP")).sender == NUMBER
    assert await held(pool, page_to(account)) == {0: "suppressed"}
    await say(pool, gateway, "START")
    assert await held(pool, page_to(account)) == {}


async def test_stop_under_an_id_counts_for_the_number_of_the_message_it_answers(pool, account: int, gateway: UUID):
    await sent(pool, page_to(account), gateway, "3EB0A1")
    waits = page_to(account)
    assert await held(pool, waits) == {}
    assert (await say(pool, gateway, "STOP", answers="3EB0A1")).withdrawn == waits.uids
    assert await held(pool, page_to(account)) == {0: "suppressed"}
    assert (await say(pool, gateway, "hello")).sender == NUMBER


async def test_stop_from_another_number_than_was_dialled_counts_for_both(pool: Pool, account: int, gateway: UUID):
    """As in Brazil, where WhatsApp leaves out a digit that is dialled."""
    dialled, known = "+380501234567", "+38501234567"
    page = page_to(account, dialled)
    assert await held(pool, page) == {}
    await attempts.write_intents(pool, page.uids, 1, gateway, uuid4())
    await attempts.flush_outcomes(pool, [Attempted(page.uids[0], 1, "accepted", "wamid.1", recipient_id=known)])
    waits = page_to(account, dialled)
    assert await held(pool, waits) == {}
    stopped = await say(pool, gateway, "STOP", sender=known, sender_id=None)
    assert (stopped.sender, stopped.withdrawn) == (dialled, waits.uids)
    for number in (dialled, known):
        assert await held(pool, page_to(account, number)) == {0: "suppressed"}
    await say(pool, gateway, "START", sender=known, sender_id=None)
    for number in (dialled, known):
        assert await held(pool, page_to(account, number)) == {}


async def test_stop_under_an_id_counts_as_soon_as_the_number_is_known(pool: Pool, account: int, gateway: UUID):
    page = page_to(account)
    await sent(pool, page, gateway)
    assert (await say(pool, gateway, "STOP")).sender == LID
    assert await held(pool, page_to(account)) == {}
    await report(pool, gateway, page, recipient_id=LID)
    assert await held(pool, page_to(account)) == {0: "suppressed"}
    await say(pool, gateway, "START")
    await report(pool, gateway, page, recipient_id=LID)
    assert await held(pool, page_to(account)) == {}


async def test_a_number_is_known_from_the_answer_of_the_gateway_that_took_a_message(pool, account: int, gateway: UUID):
    page = page_to(account)
    assert await held(pool, page) == {}
    await attempts.write_intents(pool, page.uids, 1, gateway, uuid4())
    await attempts.flush_outcomes(pool, [Attempted(page.uids[0], 1, "accepted", "3EB0", recipient_id=LID)])
    assert (await say(pool, gateway, "STOP")).sender == NUMBER
    assert await held(pool, page_to(account)) == {0: "suppressed"}


async def test_a_number_is_known_from_a_message_that_tells_both(pool: Pool, account: int, gateway: UUID):
    await say(pool, gateway, "hello", sender=NUMBER)
    await say(pool, gateway, "STOP")
    assert await held(pool, page_to(account)) == {0: "suppressed"}


async def test_an_id_of_another_gateway_is_another_person(pool: Pool, account: int, gateway: UUID):
    other = await new_account(pool, 10)
    new = gateways.NewGateway(other, "sms", f"g-{uuid4().hex[:8]}", "sandbox", {})
    elsewhere = await gateways.add(pool, Keyring.parse(Keyring.generate(), CREDENTIALS), new)
    await say(pool, gateway, "hello", sender=NUMBER)
    assert (await say(pool, elsewhere, "STOP")).sender == LID
    assert await held(pool, page_to(account)) == {}


async def test_who_wrote_is_listed_by_number_and_by_id(pool: Pool, account: int, gateway: UUID):
    await say(pool, gateway, "hello", sender=NUMBER, kind="location", content='{"latitude":1}')
    for name in (NUMBER, LID):
        (listed,) = await inbound_lists.own(pool, account, None, name, None, 9)
        assert (listed.sender, listed.sender_id, listed.type) == (NUMBER, LID, "location")
        assert listed.content == {"latitude": 1}


async def test_who_resumes_marketing_gets_it_again_and_a_stop_stays(pool: Pool, account: int, gateway: UUID):
    first, second = page_to(account), page_to(account)
    assert [await held(pool, page) for page in (first, second)] == [{}, {}]
    await say(pool, gateway, sender=NUMBER, sender_id=None, marketing="stop")
    await marketing.cancel_opted_out(pool, first.uids)
    assert await states(pool, first) == [("cancelled", "marketing_opted_out", "held")]
    await say(pool, gateway, sender=NUMBER, sender_id=None, marketing="resume")
    await marketing.cancel_opted_out(pool, second.uids)
    assert await states(pool, second) == [("queued", None, "held")]
    await say(pool, gateway, "STOP", sender=NUMBER, sender_id=None)
    await say(pool, gateway, sender=NUMBER, sender_id=None, marketing="resume")
    assert await held(pool, page_to(account)) == {0: "suppressed"}


async def test_a_choice_under_an_id_counts_as_soon_as_the_number_is_known(pool: Pool, account: int, gateway: UUID):
    await say(pool, gateway, marketing="stop")
    page = page_to(account)
    await sent(pool, page, gateway)
    await report(pool, gateway, page, recipient_id=LID)
    page = page_to(account)
    assert await held(pool, page) == {}
    await marketing.cancel_opted_out(pool, page.uids)
    assert (await states(pool, page))[0][1] == "marketing_opted_out"


@pytest.mark.parametrize("by_receipt", [True, False])
async def test_a_provider_that_refuses_marketing_stops_marketing_alone(pool, account: int, gateway: UUID, by_receipt):
    page = page_to(account)
    if by_receipt:
        await sent(pool, page, gateway)
        await report(pool, gateway, page, kind=ReceiptKind.FAILED, code="marketing_opted_out")
    else:
        assert await held(pool, page) == {}
        await attempts.write_intents(pool, page.uids, 1, gateway, uuid4())
        await attempts.flush_outcomes(pool, [Attempted(page.uids[0], 1, "refused", code="marketing_opted_out")])
    again = page_to(account)
    assert await held(pool, again) == {}
    intents = await attempts.write_intents(pool, again.uids, 1, gateway, uuid4())
    assert intents.claimed == set(again.uids)
    other = page_to(account)
    assert await held(pool, other) == {}
    await marketing.cancel_opted_out(pool, other.uids)
    assert (await states(pool, other))[0][:2] == ("cancelled", "marketing_opted_out")


async def test_customers_are_told_what_a_message_holds(pool: Pool, account: int, gateway: UUID):
    ring = Keyring.parse(Keyring.generate(), CREDENTIALS)
    await callback_endpoints.add(pool, ring, NewEndpoint(uuid4(), account, "https://example.com/", None))
    await say(pool, gateway, kind="revoke", content='{"message_id":"A"}')
    async with pool.connection() as conn:
        cursor = await conn.execute("select data from callback_deliveries where account_id = %s", (account,))
        ((data,),) = await cursor.fetchall()
    assert (data["type"], data["content"], data["sender_id"]) == ("revoke", {"message_id": "A"}, LID)
