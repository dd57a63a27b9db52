"""Look-ups of names: their deadlines, and whom a silent name keeps waiting."""

import asyncio
import socket
import time

import pytest

from domain.channels import Channel
from domain.messages.outcomes import GatewayDown
from gateways.base import GatewayConnections
from gateways.conformance.fake_provider import answer, hang, serve
from gateways.net import http, http_host, names
from gateways.net.http import HttpClient, call
from gateways.net.http_answer import Answer
from gateways.net.names import Names, UnresolvedName
from gateways.registry import build, parse_config
from tests.silent_names import silent_names


@pytest.fixture
def resolver(monkeypatch):
    with silent_names(monkeypatch) as resolver:
        yield resolver


@pytest.fixture
async def started():
    """Starts tasks that are cancelled in the end."""
    tasks = []

    def start(*coroutines):
        tasks.extend(map(asyncio.ensure_future, coroutines))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _until(true):
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)


async def _post(client, url, seconds=5.0):
    return await client.exchange(call("POST", url, {}, seconds), b"{}")


async def test_silent_names_of_one_owner_leave_the_look_ups_of_another_alone(resolver, started):
    client = HttpClient(private=True)
    async with serve(answer(200)) as server:
        started(*(_post(client.of("one"), f"http://n{number}.dead.test/") for number in range(100)))
        await _until(lambda: resolver.waiting)
        began = time.monotonic()
        got = await _post(client.of("other"), f"http://a.live.test:{server.port}/")
    assert isinstance(got, Answer)
    assert time.monotonic() - began < 1
    assert resolver.waiting == names.EACH


async def test_names_that_answered_are_looked_up_again_beside_silent_ones_of_their_owner(
    resolver, started, monkeypatch
):
    monkeypatch.setattr(names, "FRESH_SECONDS", 0.0)
    known = Names()
    await known.addresses("a.live.test", 80, "one")
    started(*(known.addresses(f"n{number}.dead.test", 80, "one") for number in range(10)))
    await _until(lambda: resolver.waiting == names.EACH)
    async with asyncio.timeout(1):
        await known.addresses("a.live.test", 80, "one")
    assert resolver.asked["a.live.test"] == 2


async def test_owners_who_take_all_places_for_new_names_leave_those_of_known_ones(resolver, started, monkeypatch):
    monkeypatch.setattr(names, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(names, "NEW_SLOTS", 4)
    known = Names()
    await known.addresses("a.live.test", 80, "one")
    started(*(known.addresses(f"n{number}.dead.test", 80, f"owner {number}") for number in range(10)))
    await _until(lambda: resolver.waiting == 4)
    async with asyncio.timeout(1):
        await known.addresses("a.live.test", 80, "one")


async def test_a_silent_name_fails_at_its_deadline_and_then_at_once(resolver, monkeypatch):
    monkeypatch.setattr(names, "ANSWER_SECONDS", 0.1)
    known = Names()
    with pytest.raises(UnresolvedName, match="did not answer in time"):
        await known.addresses("a.dead.test", 80, "one")
    began = time.monotonic()
    for owner in ("one", "other"):
        with pytest.raises(UnresolvedName):
            await known.addresses("a.dead.test", 80, owner)
    assert time.monotonic() - began < 0.05
    assert resolver.asked["a.dead.test"] == 1


async def test_a_name_that_failed_late_rests_and_one_that_failed_at_once_does_not(monkeypatch):
    monkeypatch.setattr(names, "_SOON", 0.05)
    asked = []

    def failing(host, *args, **kwargs):
        asked.append(host)
        time.sleep(0.1 if host == "late.test" else 0.0)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    known = Names()
    for host in ("late.test", "late.test", "quick.test", "quick.test"):
        with pytest.raises(UnresolvedName, match=f"the name {host} does not resolve"):
            await known.addresses(host, 80, "one")
    assert asked == ["late.test", "quick.test", "quick.test"]


async def test_a_late_answer_is_there_for_who_asks_next(monkeypatch):
    monkeypatch.setattr(names, "ANSWER_SECONDS", 0.05)
    real = socket.getaddrinfo

    def late(host, *args, **kwargs):
        time.sleep(0.2)
        return real("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", late)
    known = Names()
    with pytest.raises(UnresolvedName):
        await known.addresses("a.test", 80, "one")

    async def answers():
        while True:
            try:
                return await known.addresses("a.test", 80, "one")
            except UnresolvedName:
                await asyncio.sleep(0.02)

    async with asyncio.timeout(2):
        assert (await answers())[0][4] == ("127.0.0.1", 80)


async def test_a_name_is_asked_for_once_whoever_needs_it(resolver):
    known = Names()
    await asyncio.gather(*(known.addresses("a.live.test", 80, f"owner {number % 5}") for number in range(100)))
    assert resolver.asked["a.live.test"] == 1


async def test_who_queues_behind_silent_names_of_his_own_makes_nobody_else_wait(resolver, started):
    known = Names()
    started(*(known.addresses(f"n{number}.dead.test", 80, "one") for number in range(names.EACH)))
    await _until(lambda: resolver.waiting == names.EACH)
    started(known.addresses("a.live.test", 80, "one"))
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        await known.addresses("a.live.test", 80, "other")


async def test_who_gives_up_waiting_for_a_place_takes_none(resolver, monkeypatch):
    monkeypatch.setattr(names, "ANSWER_SECONDS", 0.05)
    known = Names()
    outcomes = await asyncio.gather(
        *(known.addresses(f"n{number}.dead.test", 80, "one") for number in range(10)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {UnresolvedName}
    assert resolver.waiting == names.EACH
    resolver.release()
    async with asyncio.timeout(2):
        await _until(lambda: not resolver.waiting)
        assert await known.addresses("a.live.test", 80, "one")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "::1", "::ffff:127.0.0.1"])
async def test_an_address_needs_no_place(resolver, started, host):
    known = Names()
    started(*(known.addresses(f"n{number}.dead.test", 80, "one") for number in range(10)))
    await _until(lambda: resolver.waiting == names.EACH)
    async with asyncio.timeout(1):
        assert "127.0.0.1" in str(found := await known.addresses(host, 80, "one")) or "::1" in str(found)


async def test_callbacks_and_gateways_have_look_ups_of_their_own(resolver, started, monkeypatch):
    monkeypatch.setattr(names, "NEW_SLOTS", 2)
    callbacks, gateways = GatewayConnections.open(None), GatewayConnections.open(None)
    started(*(_post(callbacks.public.of(str(number)), f"http://n{number}.dead.test/") for number in range(9)))
    await _until(lambda: resolver.waiting == 2)
    async with serve(answer(200)) as server:
        got = await _post(gateways.private.of("one"), f"http://a.live.test:{server.port}/", seconds=1.0)
    assert isinstance(got, Answer)


async def test_hosts_of_one_owner_that_hang_leave_others_their_connections(started, monkeypatch):
    monkeypatch.setattr(http, "OWNERS_CONNECTIONS", 2)
    monkeypatch.setattr(http, "CONNECTIONS", 3)
    monkeypatch.setattr(http_host, "CONNECTIONS", 3)
    client = HttpClient(private=True)

    async def reply(request, writer):
        if request.target == "/hang":
            await hang(request, writer)
        writer.write(answer(200))

    async with serve(reply) as server:
        started(*(_post(client.of("one"), f"{server.url}/hang") for _ in range(10)))
        await _until(lambda: len(server.requests) == 2)
        assert isinstance(await _post(client.of("other"), server.url, seconds=1.0), Answer)
        got = await _post(client.of("one"), server.url, seconds=0.1)
        assert got == GatewayDown("no connection to 127.0.0.1 within 0.1 s")


SMTP = {"host": "a.dead.test", "security": "none", "from_address": "a@example.com"}
SMPP = {"host": "a.dead.test", "system_id": "u", "password": "p"}


@pytest.mark.parametrize(
    ("name", "channel", "config"),
    [
        ("http", Channel.SMS, {"url": "http://a.dead.test/"}),
        ("smtp", Channel.EMAIL, SMTP),
        ("smpp", Channel.SMS, SMPP),
    ],
)
async def test_a_gateway_whose_name_is_silent_is_down_and_nothing_was_begun(
    resolver, outside, make, monkeypatch, name, channel, config
):
    monkeypatch.setattr(names, "ANSWER_SECONDS", 0.1)
    gateway = build(name, parse_config(name, channel, config), outside)
    to = "b@example.com" if channel is Channel.EMAIL else "+15005550006"
    got = await gateway.send(make(channel=channel, to=to))
    await gateway.aclose()
    assert isinstance(got, GatewayDown)
    assert "the name a.dead.test did not answer in time" in got.reason
