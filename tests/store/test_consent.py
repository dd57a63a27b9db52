"""Who gets messages for a purpose: checked where credits are held, and again before a message is handed over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.access.api_keys import KeyKind
from domain.audience.consents import ConsentState, NewConsent
from domain.audience.purposes import Purpose
from domain.ids import PAGE_SIZE, batch_page_id, message_uid, new_batch_id
from domain.messages.page import KeyTerms
from store.accounts import api_keys
from store.audience import marketing
from store.audience.consent import consents, people, purposes
from store.batches import batches
from store.messages.attempts import write_intents
from store.messages.pages import PageRows, hold_stored
from store.pool import InTransaction
from tests.segments import new_contact
from tests.store.builders import find_key, held, new_account, new_gateway, new_page, states, stored_page

FIRST, SECOND, THIRD = "+12025550000", "+12025550001", "+12025550002"
NEWS = Purpose("news", "News", default="opt_in")


async def record(pool, account: int, *new: NewConsent) -> None:
    async with pool.connection() as conn, conn.transaction():
        await consents.record(InTransaction(conn), account, new)


def choice(recipient: str, state: str, purpose: str = "news", **fields) -> NewConsent:
    return NewConsent("sms", recipient, purpose, ConsentState(state), "api", **fields)


def page_for(account: int, *named: str | None) -> PageRows:
    return replace(new_page(account, [1] * len(named)), purposes=list(named))


async def test_only_who_granted_consent_gets_messages_of_a_purpose_that_asks_for_it(pool):
    account = await new_account(pool, credit=10)
    await purposes.put(pool, account, NEWS)
    await record(pool, account, choice(FIRST, "granted"), choice(SECOND, "withdrawn"), choice(THIRD, "pending"))
    page = page_for(account, "news", "news", "news")
    assert await held(pool, page) == {1: "consent_withdrawn", 2: "no_consent"}
    assert await states(pool, page) == [
        ("queued", None, "held"),
        ("rejected", "consent_withdrawn", "free"),
        ("rejected", "no_consent", "free"),
    ]


async def test_a_purpose_that_asks_nothing_spares_only_who_refused(pool):
    account = await new_account(pool, credit=10)
    await record(pool, account, choice(SECOND, "withdrawn", "marketing"), choice(THIRD, "pending", "marketing"))
    page = page_for(account, "marketing", "marketing", "marketing")
    assert await held(pool, page) == {1: "consent_withdrawn"}


async def test_transactional_messages_are_sent_whatever_was_refused(pool):
    account = await new_account(pool, credit=10)
    await purposes.put(pool, account, replace(NEWS, default="opt_in"))
    await purposes.put(pool, account, Purpose("receipts", "Receipts", public=False, transactional=True))
    await record(pool, account, choice(FIRST, "withdrawn", "*"))
    page = replace(page_for(account, None, "receipts", "news"), recipients=[FIRST] * 3)
    assert await held(pool, page) == {2: "consent_withdrawn"}
    assert await held(pool, new_page(account, [1])) == {}


async def test_a_purpose_granted_after_all_were_refused_counts_and_one_granted_before_does_not(pool):
    account = await new_account(pool, credit=10)
    await purposes.put(pool, account, NEWS)
    await record(pool, account, choice(FIRST, "granted", "offers"))
    await record(pool, account, choice(FIRST, "withdrawn", "*"))
    await record(pool, account, choice(FIRST, "granted"))
    page = replace(page_for(account, "news", "offers", "tips"), recipients=[FIRST] * 3)
    assert await held(pool, page) == {1: "consent_withdrawn", 2: "consent_withdrawn"}


async def test_what_was_chosen_later_counts_whatever_is_recorded_later(pool):
    account = await new_account(pool, credit=10)
    now = datetime.now(UTC)
    await record(pool, account, choice(FIRST, "withdrawn", at=now))
    await record(pool, account, choice(FIRST, "granted", at=now - timedelta(days=1)))
    await record(pool, account, choice(SECOND, "granted"))
    await record(pool, account, choice(SECOND, "pending"))
    assert await held(pool, page_for(account, "news", "news")) == {0: "consent_withdrawn"}
    found = await consents.history(pool, account, "sms", FIRST)
    assert [one.state for one in found] == ["granted", "withdrawn"]


async def test_who_refused_all_takes_back_what_was_granted_before_and_is_recorded_later(pool):
    account = await new_account(pool, credit=10)
    await purposes.put(pool, account, NEWS)
    now = datetime.now(UTC)
    await record(pool, account, choice(FIRST, "withdrawn", "*", at=now - timedelta(days=1)))
    await record(pool, account, choice(FIRST, "granted", at=now - timedelta(days=2)))
    await record(pool, account, choice(FIRST, "granted", "tips", at=now - timedelta(hours=1)))
    page = replace(page_for(account, "news", "tips"), recipients=[FIRST] * 2)
    assert await held(pool, page) == {0: "consent_withdrawn"}


async def test_a_request_that_waits_for_its_confirmation_hides_no_choice_that_is_recorded_later(pool):
    account = await new_account(pool, credit=10)
    await record(pool, account, choice(FIRST, "pending", "marketing"))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await record(pool, account, choice(FIRST, "withdrawn", "marketing", at=yesterday))
    await record(pool, account, choice(FIRST, "pending", "marketing"))
    assert await held(pool, page_for(account, "marketing")) == {0: "consent_withdrawn"}


async def test_an_address_is_one_in_all_its_spellings(pool):
    account = await new_account(pool, credit=10)
    await purposes.put(pool, account, NEWS)
    await record(pool, account, choice("+5511987654321", "granted"))
    page = replace(page_for(account, "news"), recipients=["+551187654321"])
    assert await held(pool, page) == {}


async def test_who_paused_gets_nothing_but_transactional_messages(pool):
    account = await new_account(pool, credit=10)
    await consents.pause(pool, account, "sms", FIRST, timedelta(days=30))
    await consents.pause(pool, account, "sms", SECOND, timedelta(seconds=-1))
    page = replace(page_for(account, "marketing", None, "marketing"), recipients=[FIRST, FIRST, SECOND])
    assert await held(pool, page) == {0: "paused_by_recipient"}
    await consents.end_pause(pool, account, "sms", FIRST)
    assert await held(pool, page_for(account, "marketing")) == {}


async def test_whatsapps_stop_of_marketing_counts_for_all_that_is_not_transactional(pool):
    account = await new_account(pool, credit=10)
    await purposes.put(pool, account, replace(NEWS, default="opt_out"))
    owner = await new_gateway(pool, account)
    async with pool.connection() as conn:
        await marketing.choose(conn, owner, "sms", [FIRST], "stop")
    page = replace(page_for(account, "news", None), recipients=[FIRST] * 2)
    assert await held(pool, page) == {0: "marketing_opted_out"}


async def test_an_account_without_rules_or_records_is_asked_nothing(pool):
    account = await new_account(pool, credit=10)
    assert await held(pool, page_for(account, "marketing", None)) == {}


async def test_consent_of_one_account_says_nothing_to_another(pool):
    mine, other = await new_account(pool, credit=10), await new_account(pool, credit=10)
    for account in (mine, other):
        await purposes.put(pool, account, NEWS)
    await record(pool, other, choice(FIRST, "granted"))
    assert await held(pool, page_for(mine, "news")) == {0: "no_consent"}


@pytest.mark.parametrize("is_test", [False, True])
async def test_messages_of_a_key_with_demands_need_consent_too(pool, is_test):
    account = await new_account(pool, credit=10)
    await purposes.put(pool, account, NEWS)
    minted = await api_keys.create(pool, KeyKind.USER, account)
    page = replace(page_for(account, "news", None), key=KeyTerms(minted.id, is_test))
    assert await held(pool, page) == {0: "no_consent"}
    assert await held(pool, page) == {0: "no_consent"}, "a repeat is told the same"


async def test_messages_of_a_batch_need_consent_too(pool):
    account, batch_id = await new_account(pool, credit=10), new_batch_id()
    await purposes.put(pool, account, NEWS)
    await record(pool, account, choice(FIRST, "granted"))
    page = stored_page(batch_id, account, 1, 2, purpose="news")
    await batches.store(pool, batches.NewBatch(batch_id, account, "sms", "bulk", 2, [], [page]), None, b"")
    page_id = batch_page_id(batch_id, 1)
    refused = await hold_stored(pool, account, "sms", page_id, message_uid(page_id, PAGE_SIZE - 1))
    assert refused == {message_uid(page_id, 1)}


async def test_consent_that_is_withdrawn_while_a_message_waits_is_obeyed(pool):
    account = await new_account(pool, credit=10)
    await purposes.put(pool, account, NEWS)
    await record(pool, account, *(choice(number, "granted") for number in (FIRST, SECOND, THIRD)))
    page = page_for(account, "news", "news", None)
    assert await held(pool, page) == {}
    await record(pool, account, choice(FIRST, "withdrawn"), choice(THIRD, "withdrawn"))
    claimed = await write_intents(pool, page.uids, 1, UUID(int=7), uuid4())
    assert claimed.claimed == set(page.uids[1:])
    assert (await states(pool, page))[0][:2] == ("cancelled", "consent_withdrawn")


async def test_what_is_sent_despite_opt_outs_is_sent_without_consent(pool):
    account = await new_account(pool, credit=10)
    await purposes.put(pool, account, NEWS)
    page = replace(page_for(account, "news"), exempt=True)
    assert await held(pool, page) == {}
    claimed = await write_intents(pool, page.uids, 1, UUID(int=7), uuid4(), exempt=True)
    assert claimed.claimed == set(page.uids)


async def test_rules_of_a_removed_purpose_stay_for_messages_that_wait(pool):
    account = await new_account(pool, credit=10)
    await purposes.put(pool, account, NEWS)
    await purposes.remove(pool, account, "news")
    assert await held(pool, page_for(account, "news")) == {0: "no_consent"}


async def test_a_key_tells_the_purposes_of_its_account(pool):
    account = await new_account(pool)
    minted = await api_keys.create(pool, KeyKind.USER, account)
    assert (await find_key(pool, minted.id, None)).principal.purposes == ()
    await purposes.put(pool, account, NEWS)
    await purposes.put(pool, account, replace(NEWS, key="tips", channels=("email",)))
    await purposes.remove(pool, account, "news")
    found = (await find_key(pool, minted.id, None)).principal.purposes
    assert found == (replace(NEWS, key="tips", channels=("email",)),)


@pytest.mark.parametrize(
    ("own", "channel", "recipient", "found"),
    [
        ({}, "whatsapp", FIRST, True),  # a phone is a WhatsApp number, too, unless there is another
        ({}, "sms", FIRST, True),
        ({"whatsapp": SECOND}, "whatsapp", SECOND, True),
        ({"whatsapp": SECOND}, "whatsapp", FIRST, False),
    ],
)
async def test_the_person_behind_a_link_is_the_contact_that_the_message_was_for(pool, own, channel, recipient, found):
    account = await new_account(pool)
    await new_contact(pool, account, phone=FIRST, email="ada@example.com", **own)
    known = await people.contact(pool, account, channel, recipient)
    assert (known is not None) == found
    if known:
        assert known.addresses == {"sms": FIRST, "email": "ada@example.com", "whatsapp": own.get("whatsapp", FIRST)}
