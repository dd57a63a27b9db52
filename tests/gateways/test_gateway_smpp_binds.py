"""SMPP, several binds: how many there are, how messages are spread over them, and who goes first."""

import asyncio
from collections import Counter

import pytest
from smsc import gateway_at, smsc

from domain.messages.outcomes import Accepted, GatewayDown


async def send_all(gateway, make, count, **fields):
    return await asyncio.gather(*(gateway.send(make(**fields)) for _ in range(count)))


async def test_messages_are_spread_over_as_many_binds_as_are_configured(listening_outside, make):
    async with smsc() as peer, gateway_at(listening_outside, peer.port, binds=3, window=2) as gateway:
        await gateway.connect()
        assert {type(one) for one in await send_all(gateway, make, 30)} == {Accepted}
        used = Counter(one["bind"] for one in peer.all("submit_sm"))
    assert len(peer.all("bind")) == 3
    assert set(used) == {1, 2, 3}


async def test_all_parts_of_a_message_go_over_one_bind(listening_outside, make):
    async with smsc() as peer, gateway_at(listening_outside, peer.port, binds=2) as gateway:
        await gateway.connect()
        await send_all(gateway, make, 4, body="x" * 400)
        parts = [(bytes.fromhex(one["udh"][0])[2], one["bind"]) for one in peer.all("submit_sm")]
    assert len(parts) == 12
    assert len(set(parts)) == 4, "each reference was on one bind"


async def test_a_refused_bind_leaves_the_others_to_work(listening_outside, make):
    async with smsc() as peer, gateway_at(listening_outside, peer.port, binds=3) as gateway:
        await peer.tell("limit", binds=1)
        with pytest.raises(ConnectionError, match="2 of 3 binds"):
            await gateway.connect()
        assert {type(one) for one in await send_all(gateway, make, 30)} == {Accepted}
        assert {one["bind"] for one in peer.all("submit_sm")} == {1}


async def test_a_bind_has_no_more_messages_without_an_answer_than_its_window(listening_outside, make, monkeypatch):
    monkeypatch.setattr("gateways.sms.smpp.gateway.PLACE_SECONDS", 0.1)
    async with smsc() as peer, gateway_at(listening_outside, peer.port, binds=2, window=3, timeout=60) as gateway:
        await gateway.connect()
        await peer.tell("hang")
        ending = asyncio.as_completed([gateway.send(make()) for _ in range(8)])
        assert {type(await next(ending)) for _ in range(2)} == {GatewayDown}
        await peer.some("submit_sm", 6)
        await peer.tell("go on")
        assert {type(await one) for one in ending} == {Accepted}
        assert Counter(one["bind"] for one in peer.all("submit_sm")) == {1: 3, 2: 3}


async def test_urgent_messages_overtake_bulk_but_for_a_share(listening_outside, make):
    async with smsc() as peer, gateway_at(listening_outside, peer.port, window=1) as gateway:
        await gateway.connect()
        await peer.tell("hang")
        first = asyncio.create_task(gateway.send(make()))
        await peer.some("submit_sm")
        bulk = [asyncio.create_task(gateway.send(make(to="+15005550001", bulk=True))) for _ in range(12)]
        urgent = [asyncio.create_task(gateway.send(make(to="+15005550002"))) for _ in range(6)]
        await asyncio.sleep(0)  # so that all of them wait
        await peer.tell("go on")
        await asyncio.gather(first, *bulk, *urgent)
        order = "".join(one["destination"][2][-1] for one in peer.all("submit_sm")[1:])
    assert order.count("2") == 6
    assert order[:9].count("2") == 6, order
    assert "1" in order[:6], order


async def test_a_wait_that_was_given_up_takes_no_place(listening_outside, make):
    async with smsc() as peer, gateway_at(listening_outside, peer.port, window=1) as gateway:
        await gateway.connect()
        await peer.tell("hang")
        first = asyncio.create_task(gateway.send(make()))
        await peer.some("submit_sm")
        given_up = asyncio.create_task(gateway.send(make()))
        await asyncio.sleep(0)
        given_up.cancel()
        await peer.tell("go on")
        assert isinstance(await first, Accepted)
        assert isinstance(await gateway.send(make()), Accepted)
    assert len(peer.all("submit_sm")) == 2
