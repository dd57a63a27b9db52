"""SMPP, the connection: bound, kept, lost, bound again, and closed in order."""

import asyncio

import pytest
from smsc import gateway_at, smsc

from domain.messages.outcomes import Accepted, GatewayDown, RetryLater, Unknown
from gateways.net import addresses
from gateways.sms.smpp import gateway as smpp
from gateways.sms.smpp import link as smpp_link


@pytest.mark.parametrize("status", [0x0D, 0x0E, 0x0F, 0x05])
async def test_a_refused_bind_is_down(listening_outside, make, status):
    async with smsc() as peer, gateway_at(listening_outside, peer.port) as gateway:
        await peer.tell("bind", status=status)
        got = await gateway.send(make())
        again = await gateway.send(make())
    assert isinstance(got, GatewayDown)
    assert f"({status:#010x})" in got.reason
    assert isinstance(again, GatewayDown)
    assert "next try" in again.reason  # the SMSC is not asked as often as there are messages
    assert len(peer.all("bind")) == 1


async def test_it_binds_again_when_the_pause_is_over(listening_outside, make, monkeypatch):
    monkeypatch.setattr(smpp_link, "FIRST_PAUSE", 0.01)
    async with smsc() as peer, gateway_at(listening_outside, peer.port) as gateway:
        await peer.tell("bind", status=0x0D)
        assert isinstance(await gateway.send(make()), GatewayDown)
        await peer.tell("bind", status=0)
        async with asyncio.timeout(5):
            while not isinstance(await gateway.send(make()), Accepted):
                await asyncio.sleep(0.01)


async def test_a_good_session_that_ends_is_replaced_at_once(listening_outside, make, monkeypatch):
    monkeypatch.setattr(smpp_link, "STEADY_SECONDS", 0.0)
    async with smsc() as peer, gateway_at(listening_outside, peer.port) as gateway:
        await gateway.send(make())
        for order, binds in [("drop", 2), ("unbind", 3)]:
            await peer.tell(order)
            await peer.some("bind", binds)  # nobody had to send for that
            assert isinstance(await gateway.send(make()), Accepted)
    assert len(peer.all("submit_sm")) == 3
    assert peer.all("unbind_resp") == [{"what": "unbind_resp", "status": 0}]


async def test_a_session_that_ends_early_is_replaced_after_a_pause(listening_outside, make):
    async with smsc() as peer, gateway_at(listening_outside, peer.port) as gateway:
        await gateway.send(make())
        await peer.tell("drop")
        await peer.some("closed")
        got = await gateway.send(make())
        assert isinstance(got, GatewayDown)
        assert "the next try is in 1 s" in got.reason
        assert isinstance(await _until_accepted(gateway, make), Accepted)
    assert len(peer.all("bind")) == 2


async def _until_accepted(gateway, make):
    async with asyncio.timeout(5):
        while isinstance(got := await gateway.send(make()), GatewayDown):
            await asyncio.sleep(0.05)
    return got


async def test_it_binds_without_a_message_when_it_is_asked_to(listening_outside):
    async with smsc() as peer, gateway_at(listening_outside, peer.port) as gateway:
        await gateway.connect()
    assert len(peer.all("bind")) == 1


async def test_it_says_that_it_lives_and_hears_that_the_smsc_does(listening_outside):
    async with smsc() as peer, gateway_at(listening_outside, peer.port, keep_alive=0.05) as gateway:
        await gateway.connect()
        await peer.some("enquire_link", 2)
        await peer.tell("enquire")
        assert (await peer.some("enquire_link_resp"))[0]["status"] == 0


async def test_what_it_does_not_do_it_says(listening_outside):
    async with smsc() as peer, gateway_at(listening_outside, peer.port) as gateway:
        await gateway.connect()
        await peer.tell("query")
        assert (await peer.some("generic_nack"))[0]["status"] == 3


async def test_closing_waits_for_answers_and_unbinds(listening_outside, make):
    async with smsc() as peer:
        async with gateway_at(listening_outside, peer.port) as gateway:
            await gateway.connect()
            sends = [asyncio.create_task(gateway.send(make())) for _ in range(30)]
            await peer.some("submit_sm")
        assert {type(outcome) for outcome in await asyncio.gather(*sends)} == {Accepted}
        await peer.some("closed")
        assert peer.events[-2:] == [{"what": "unbind"}, {"what": "closed"}]
        assert await gateway.send(make()) == RetryLater(
            None, "the gateway's connections were closed: it was changed, or another process sends through it"
        )


async def test_closing_does_not_wait_for_ever(listening_outside, make, monkeypatch):
    monkeypatch.setattr(smpp, "DRAIN_SECONDS", 0.05)
    async with smsc() as peer:
        async with gateway_at(listening_outside, peer.port) as gateway:
            await peer.tell("answer", statuses=["silence"])
            send = asyncio.create_task(gateway.send(make()))
            await peer.some("submit_sm")
        assert isinstance(await send, Unknown)


async def test_nobody_listens(listening_outside, make):
    async with smsc() as peer:
        port = peer.port
    async with gateway_at(listening_outside, port) as gateway:
        assert isinstance(await gateway.send(make()), GatewayDown)


async def test_tls_is_spoken_and_certificates_are_checked(listening_outside, make, certificate):
    async with smsc(certificate) as peer:
        async with gateway_at(listening_outside, peer.port, security="tls", validate_certs=False) as gateway:
            assert isinstance(await gateway.send(make()), Accepted)
        async with gateway_at(listening_outside, peer.port, security="tls") as gateway:
            assert isinstance(await gateway.send(make()), GatewayDown)
    assert len(peer.all("bind")) == 1


async def test_private_addresses_are_refused_unless_they_are_allowed(listening_outside, make):
    async with smsc() as peer, gateway_at(listening_outside, peer.port, allow_private_network=False) as gateway:
        got = await gateway.send(make())
    assert isinstance(got, GatewayDown)
    assert "not a public address" in got.reason
    assert not peer.all("bind")


@pytest.mark.parametrize("port", [22, 25, 443])
def test_ports_where_everybody_runs_something_stay_shut(port):
    assert port not in addresses.SMPP_PORTS
