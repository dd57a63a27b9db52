"""Whom a stream calls, and how often: a message must not call a whole fleet, nor a phone that cannot send it."""

import asyncio
from typing import cast
from uuid import UUID, uuid4

import pytest

from api.devices.waiting import streams
from api.devices.waiting.rounds import Taken
from api.devices.waiting.stream import Stream
from api.devices.waiting.streams import Streams, call_some
from api.http.errors import ApiError
from domain.devices.messages import Offer, Session
from services.devices.handing import LONGEST_WAIT
from store.devices.doors.watching import Changes
from store.pool import Pool

NONE_WAITS = Taken((), LONGEST_WAIT)
IN_VAIN = Taken((), 5.0)


def stream(gateway_id: UUID | None = None) -> Stream:
    return Stream(Session(uuid4(), gateway_id or uuid4(), 1, "smsgate", "phone", b""), 0.0)


async def sent(one: Stream) -> str:
    """All that it has to send."""
    one.end()
    one.is_over = False
    lines = one.lines()
    assert await anext(lines) == b":begun\n\n"
    return (await anext(lines)).decode()


async def test_as_many_phones_are_called_as_messages_wait_those_first_that_were_called_longest_ago():
    phones = [stream() for _ in range(5)]
    for at, one in enumerate(phones):
        one.called_at = 10.0 - at

    call_some(phones, 2, 20.0)
    assert [one.called_at for one in phones] == [10.0, 9.0, 8.0, 20.0, 20.0]
    call_some(phones, 2, 21.0)
    assert [one.called_at for one in phones] == [10.0, 21.0, 21.0, 20.0, 20.0]


async def test_a_phone_that_was_called_is_not_called_again_until_it_came_or_its_time_is_over():
    one = stream()
    call_some([one], 1, 0.0)
    call_some([one], 1, 29.0)
    assert one.called_at == 0.0
    call_some([one], 1, 30.0)
    assert one.called_at == 30.0
    one.asked(31.0, NONE_WAITS)
    call_some([one], 1, 31.0)
    assert one.called_at == 31.0


async def test_a_phone_whose_sims_rest_is_called_when_they_are_free():
    one = stream()
    for now, taken in ((0.0, Taken([cast(Offer, None)], 5.0, 8.0)), (7.0, Taken((), 1.0, 1.0))):
        one.asked(now, taken)
        one.hope()
        call_some([one], 1, 7.9)
        assert one.called_at == 0.0
    call_some([one], 1, 8.0)
    assert one.called_at == 8.0


async def test_a_phone_that_comes_in_vain_is_called_ever_less_often_but_soon_for_a_new_message():
    one, now, pauses, hopes = stream(), 0.0, [], []
    for _ in range(8):
        one.asked(now, IN_VAIN)
        pauses.append(one.callable_at - now)
        before = one.callable_at
        one.hope()
        hopes.append(one.callable_at - now)
        now = before
    assert pauses == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0]
    assert hopes == [1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 5.0, 5.0]
    one.asked(now, Taken([cast(Offer, None)], 5.0))
    assert one.callable_at == now


async def test_a_phone_with_all_that_it_may_have_is_called_once_it_has_reported():
    one = stream()
    one.asked(0.0, Taken((), 5.0, 5.0, is_full=True))
    one.hope()
    assert one.callable_at == 5.0
    one.reported(1.0)
    assert one.callable_at == 1.0


async def test_changed_settings_are_told_once_and_call_a_phone_that_was_left_alone():
    one = stream()
    one.tell(Changes(1, True, []), 0.0)
    for _ in range(5):
        one.asked(0.0, IN_VAIN)
    one.tell(Changes(2, False, []), 1.0)
    one.tell(Changes(2, False, []), 1.0)
    assert one.callable_at == 1.0
    assert (await sent(one)).count("SettingsUpdated") == 1


async def test_a_message_that_is_to_be_given_back_is_told_once():
    one, uid = stream(), uuid4()
    for _ in range(2):
        one.tell(Changes(1, True, [(uid, 1), (uid, 2)]), 0.0)
    assert (await sent(one)).split("\n\n") == [
        f'event: MessageCancelled\ndata: {{"messageId":"{uid}"}}',
        f'event: MessageCancelled\ndata: {{"messageId":"{uid.hex}-2"}}',
        "",
    ]
    one.tell(Changes(1, True, [(uid, 1)]), 0.0)
    assert await sent(one) == ":keepalive\n\n"


async def test_streams_begin_one_after_the_other(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streams, "ACCEPTED_A_SECOND", 200)
    all_ = Streams(cast(Pool, None))
    begun = asyncio.get_running_loop().time()
    await asyncio.gather(*(all_.turn(uuid4()) for _ in range(41)))
    assert asyncio.get_running_loop().time() - begun >= 0.19  # the loop counts milliseconds


async def test_a_phone_takes_one_turn_at_a_time_and_nobody_waits_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streams, "ACCEPTED_A_SECOND", 1)
    all_, one = Streams(cast(Pool, None)), uuid4()
    turns = [asyncio.create_task(all_.turn(uuid4())) for _ in range(20)]
    turns.append(asyncio.create_task(all_.turn(one)))
    await asyncio.sleep(0)
    for device_id, status in ((one, 429), (uuid4(), 503)):
        with pytest.raises(ApiError) as refused:
            await all_.turn(device_id)
        assert refused.value.status == status
    for turn in turns:
        turn.cancel()
    await asyncio.gather(*turns, return_exceptions=True)
