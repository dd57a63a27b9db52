"""What phones get: within the caps of their SIMs, evenly, each message once."""

import asyncio
from collections import Counter
from datetime import timedelta
from hashlib import sha256

import pytest

from domain.devices.choosing import MOST_OPEN
from services.devices.handing import hand_out
from store.persons.removing import empty_messages
from store.pool import InTransaction
from tests.devices.made import PhoneGateway, eventually, move_back, phone_gateway
from tests.devices.test_sending_by_phones import sent
from tests.stack import Stack, User


def numbers(count: int) -> list[str]:
    return [f"+49151{10_000_000 + at}" for at in range(count)]


async def waiting(stack: Stack, count: int, **config: object) -> tuple[User, PhoneGateway]:
    """A gateway for whose phones that many messages wait."""
    user = await stack.user(credit=10_000)
    gateway = await phone_gateway(stack, user, **config)
    await sent(stack, user, gateway, *numbers(count))
    await gateway.waiting(count)
    return user, gateway


async def test_phones_that_ask_at_the_same_time_never_get_the_same_message(stack: Stack):
    _, gateway = await waiting(stack, 120)
    phones = [await gateway.phone(2) for _ in range(8)]
    got = Counter[object]()
    async with asyncio.timeout(20):
        while got.total() < 120:
            for offers in await asyncio.gather(*(phone.pull(5) for phone in phones)):
                got.update(offer.uid for offer in offers)
    assert set(got.values()) == {1}


async def test_messages_are_spread_evenly_over_the_sims_of_phones_that_ask_at_different_paces(stack: Stack):
    _, gateway = await waiting(stack, 200)
    phones = [await gateway.phone(2) for _ in range(5)]
    got = Counter[tuple[object, str]]()
    turn = 0
    while got.total() < 200:
        turn += 1
        assert turn < 500
        for place, phone in enumerate(phones):
            if turn % (place + 1) == 0:  # the last asks five times less often than the first
                got.update((phone.session.device_id, offer.sim) for offer in await phone.pull(7))
    assert set(got.values()) == {20}


async def test_a_phone_that_went_away_leaves_its_share_to_the_others(stack: Stack):
    _, gateway = await waiting(stack, 16)
    here, away = await gateway.phone(), await gateway.phone()
    assert len(await here.pull()) == 8
    await move_back(stack.pool, "devices", "seen_at", "id = %s", timedelta(minutes=2), away.session.device_id)
    assert len(await here.pull()) == 8


async def test_a_sim_has_few_messages_at_a_time_so_that_a_lost_phone_loses_few(stack: Stack):
    _, gateway = await waiting(stack, MOST_OPEN + 5)
    phone = await gateway.phone()
    got = await phone.pull(100)
    assert len(got) == MOST_OPEN
    full = await phone.ask(100)
    assert full.offers == {}
    assert full.rests[phone.session.device_id] > 0

    for offer in got[:3]:
        await phone.say(offer, "sent")
    assert len(await phone.pull(100)) == 3


@pytest.mark.parametrize(
    ("cap", "minutes"), [({"per_minute": 3}, 1), ({"per_hour": 3}, 60), ({"per_day": 3}, 24 * 60)], ids=str
)
async def test_a_sim_sends_no_more_than_its_caps_allow(stack: Stack, cap: dict[str, int], minutes: int):
    _, gateway = await waiting(stack, 9)
    phone = await gateway.phone(1, **cap)
    got = await phone.pull()
    assert len(got) == 3
    answer = await phone.ask()
    assert answer.offers == {}
    assert answer.wait > 0

    # Half of the time later still none; the cap is one of any such time, not of calendar hours.
    for share in (0.5, 0.6):
        for table, column, own in (
            ("sim_uses", "at", "device_id = %s"),
            ("device_sims", "free_at", "device_id = %s"),
            ("device_messages", "handed_at", "device_id = %s"),
        ):
            by = timedelta(minutes=minutes) * share
            await move_back(stack.pool, table, column, own, by, phone.session.device_id)
        if share == 0.5:
            assert await phone.pull() == []
    for offer in got:  # what it has and did not send yet counts as if it were sent now
        await phone.say(offer, "sent")
    assert await phone.pull() == []
    by = timedelta(minutes=minutes) * 1.1
    await move_back(stack.pool, "sim_uses", "at", "device_id = %s", by, phone.session.device_id)
    await move_back(stack.pool, "device_sims", "free_at", "device_id = %s", by, phone.session.device_id)
    assert len(await phone.pull()) == 3


async def test_a_sim_writes_to_no_more_people_in_a_month_than_it_may(stack: Stack):
    user, gateway = await waiting(stack, 5)
    phone = await gateway.phone(1, unique_per_month=3)
    first = await phone.pull()
    assert len(first) == 3
    assert await phone.pull() == []
    # Those whom it has written to before are still allowed.
    uids = await sent(stack, user, gateway, first[0].recipient)
    await gateway.waiting(3)
    assert [str(offer.uid) for offer in await phone.pulled()] == uids


async def test_an_erased_person_still_counts_for_a_sim_without_being_found_by_the_number(stack: Stack):
    user, gateway = await waiting(stack, 2)
    phone = await gateway.phone(1, unique_per_month=1)
    (offer,) = await phone.pull()
    await phone.say(offer, "sent")
    async with stack.pool.connection() as conn, conn.transaction():
        await empty_messages(InTransaction(conn), user.id, [offer.uid])
    uses = "select recipient from sim_uses where uid = %s"
    (digest,) = await eventually(stack.pool, lambda rows: len(rows) == 1, uses, (offer.uid,))
    assert digest != (sha256(offer.recipient.encode()).digest(),)
    assert await phone.pull() == []


async def test_a_sim_with_a_gap_gets_one_message_and_the_next_when_it_is_over(stack: Stack):
    _, gateway = await waiting(stack, 3)
    phone = await gateway.phone(1, gap_min=30, gap_max=60)
    answer = await phone.ask()
    assert len(answer.offers[phone.session.device_id]) == 1
    assert 0 < answer.wait <= 5
    assert await phone.pull() == []
    await move_back(
        stack.pool, "device_sims", "free_at", "device_id = %s", timedelta(minutes=1), phone.session.device_id
    )
    assert len(await phone.pull()) == 1


async def test_times_that_are_nearly_nothing_are_times(stack: Stack):
    """Of floats that PostgreSQL keeps in four bytes, some would be refused."""
    _, gateway = await waiting(stack, 1)
    phone = await gateway.phone(1, gap_min=1e-300, gap_max=1e-300)
    assert len(await phone.pull()) == 1


async def test_a_sim_that_failed_by_itself_rests_longer_each_time(stack: Stack):
    _, gateway = await waiting(stack, 2)
    phone = await gateway.phone()
    rests = []
    for _ in range(2):
        offer = (await phone.pulled())[0]
        await phone.say(offer, "failed", code="RESULT_ERROR_RADIO_OFF")
        async with stack.pool.connection() as conn:
            query = """update device_sims set cooling_until = clock_timestamp() where device_id = %s
                       returning failures"""
            row = await (await conn.execute(query, (phone.session.device_id,))).fetchone()
            assert row is not None
            rests.append(row[0])
    assert rests == [1, 2]


async def test_a_paused_gateway_hands_nothing_out(stack: Stack):
    _, gateway = await waiting(stack, 1)
    phone = await gateway.phone()
    async with stack.pool.connection() as conn:
        await conn.execute("update gateways set mode = 'paused' where id = %s", (gateway.id,))
    assert await phone.pull() == []
    async with stack.pool.connection() as conn:
        await conn.execute("update gateways set mode = 'active' where id = %s", (gateway.id,))
    assert len(await phone.pull()) == 1


async def test_several_phones_are_served_by_one_round(stack: Stack):
    _, gateway = await waiting(stack, 6)
    phones = [await gateway.phone() for _ in range(3)]
    answer = await hand_out(stack.pool, [phone.session for phone in phones], 50)
    assert {device: len(offers) for device, offers in answer.offers.items()} == {
        phone.session.device_id: 2 for phone in phones
    }
