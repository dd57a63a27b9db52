"""A gateway that takes for ever to connect is down: nothing was begun, so nothing is in doubt."""

import asyncio

import pytest

from domain.channels import Channel
from domain.messages.outcomes import GatewayDown
from gateways.conformance.listening import listening
from gateways.email import smtp_pool, smtp_session
from gateways.registry import build, parse_config
from gateways.sms.smpp import gateway as smpp
from gateways.sms.smpp import session as smpp_session
from tests.silent_names import silent_names


@pytest.fixture
async def silent_port():
    """Of a server that takes connections and says nothing."""

    async def keep(reader, writer):
        await reader.read()

    async with listening(keep) as port:
        yield port


@pytest.fixture
def outcomes_of(outside, make):
    async def outcomes_of(count, name, **config):
        channel = Channel.EMAIL if name == "smtp" else Channel.SMS
        raw = {"host": "127.0.0.1", "security": "none", "allow_private_network": True, **config}
        raw |= {"from_address": "a@example.com"} if name == "smtp" else {"system_id": "u", "password": "p"}
        gateway = build(name, parse_config(name, channel, raw), outside)
        to = "b@example.com" if name == "smtp" else "+15005550006"
        async with asyncio.timeout(5):
            got = await asyncio.gather(*(gateway.send(make(channel=channel, to=to)) for _ in range(count)))
            await gateway.aclose()
        assert {type(outcome) for outcome in got} == {GatewayDown}
        return {outcome.reason for outcome in got}

    return outcomes_of


async def test_a_mail_server_that_says_nothing_is_down_for_those_that_wait_for_it(
    outcomes_of, silent_port, monkeypatch
):
    monkeypatch.setattr(smtp_session, "CONNECT_SECONDS", 0.4)
    monkeypatch.setattr(smtp_pool, "PLACE_SECONDS", 0.1)
    assert await outcomes_of(5, "smtp", port=silent_port, connections=1, timeout=300) == {
        "could not use the mail server: none of its connections became free within 0.1 s",
        "could not use the mail server: no connection within 0.4 s",
    }


async def test_an_smsc_that_does_not_answer_the_bind_is_down(outcomes_of, silent_port, monkeypatch):
    monkeypatch.setattr(smpp_session, "CONNECT_SECONDS", 0.1)
    (reason,) = await outcomes_of(5, "smpp", port=silent_port, timeout=300)
    assert "no answer to the bind within 0.1 s" in reason


async def test_who_finds_no_place_in_an_smscs_window_is_not_in_doubt(outcomes_of, silent_port, monkeypatch):
    monkeypatch.setattr(smpp_session, "CONNECT_SECONDS", 0.4)
    monkeypatch.setattr(smpp, "PLACE_SECONDS", 0.1)
    reasons = await outcomes_of(3, "smpp", port=silent_port, timeout=300, window=1)
    assert "1 messages have been without an answer for too long" in reasons


async def test_names_that_are_silent_for_longer_than_a_connection_may_take(outcomes_of, monkeypatch):
    monkeypatch.setattr(smtp_session, "CONNECT_SECONDS", 0.1)
    monkeypatch.setattr(smpp_session, "CONNECT_SECONDS", 0.1)
    with silent_names(monkeypatch):
        for name in ("smtp", "smpp"):
            (reason,) = await outcomes_of(3, name, host="a.dead.test", timeout=300)
            assert "no connection within 0.1 s" in reason
