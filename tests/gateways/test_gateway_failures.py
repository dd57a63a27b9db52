"""Why a connection failed, as tenants read it: what helps them, and nothing of what only we can see."""

import socket

import pytest

from domain.channels import Channel
from domain.messages.outcomes import GatewayDown
from gateways.callback import post
from gateways.conformance.fake_provider import answer, serve
from gateways.net import dial
from gateways.net.failures import words_for
from gateways.net.http import call
from gateways.registry import build, parse_config
from tests.silent_names import silent_names

INTERNAL = {"v4.corp.test": ["10.1.2.3"], "v6.corp.test": ["fd12:3456::7"], "both.corp.test": ["10.1.2.3", "fd12::7"]}
NOT_ALLOWED = "the address is not allowed: it is not a public address; an admin may allow private networks"
METADATA = "the address is not allowed: it is a link-local address, or one where a cloud keeps credentials"
SENDER = {"from_address": "a@example.com"}


@pytest.fixture
def resolver(monkeypatch):
    with silent_names(monkeypatch) as resolver:
        resolver.addresses = {**INTERNAL, "metadata.corp.test": ["169.254.169.254"]}
        yield resolver


async def _reason(outside, make, name, config):
    channel = Channel.EMAIL if name == "smtp" else Channel.SMS
    gateway = build(name, parse_config(name, channel, config), outside)
    got = await gateway.send(make(channel=channel, to="b@example.com" if name == "smtp" else "+15005550006"))
    await gateway.aclose()
    assert isinstance(got, GatewayDown)
    return got.reason


def _at(host, port, **config):
    """Gateways of every kind of connection at one host."""
    return [
        ("http", {"url": f"http://{host}:{port}/", **config}),
        ("smtp", {"host": host, "port": port, "security": "none", **SENDER, **config}),
        ("smpp", {"host": host, "port": port, "system_id": "u", "password": "p", **config}),
    ]


@pytest.mark.parametrize("host", INTERNAL)
async def test_what_a_name_means_in_our_network_is_not_said(outside, make, resolver, host):
    for name, config in _at(host, 2525):
        assert NOT_ALLOWED in await _reason(outside, make, name, config)
    told = await post(outside.public, f"https://{host}/", [], "id-1", b"{}")
    assert told.error == f"could not connect: {NOT_ALLOWED}"


async def test_a_name_that_means_a_clouds_metadata_is_refused_even_where_private_is_allowed(outside, make, resolver):
    for name, config in _at("metadata.corp.test", 2525, allow_private_network=True):
        assert METADATA in await _reason(outside, make, name, config)
    told = await post(outside.private, "http://metadata.corp.test/latest/", [], "id-1", b"{}")
    assert told.error == f"could not connect: {METADATA}"


async def test_a_refused_connection_is_said_without_its_address(outside, make, resolver):
    async with serve(b"") as server:
        port = server.port
    resolver.addresses["box.corp.test"] = ["127.0.0.1", "127.0.0.2"]
    for name, config in _at("box.corp.test", port, allow_private_network=True):
        reason = await _reason(outside, make, name, config)
        assert "connection refused" in reason
        assert "127.0" not in reason
    told = await post(outside.private, f"http://box.corp.test:{port}/", [], "id-1", b"{}")
    assert told.error == "could not connect: connection refused"


async def test_an_unknown_name_is_said_without_the_resolvers_words(outside, make, resolver):
    for name, config in _at("nowhere.invalid", 2525):
        reason = await _reason(outside, make, name, config)
        assert "the name nowhere.invalid does not resolve" in reason
        assert "Errno" not in reason


async def test_the_address_that_was_checked_is_the_one_connected_to(outside, resolver, monkeypatch):
    """A name that means something else at the second look gains nothing: there is none."""
    checked = []
    real = dial.start_connection

    async def noting(addresses, **options):
        checked.extend(info[4][0] for info in addresses)
        return await real(addresses, **options)

    monkeypatch.setattr(dial, "start_connection", noting)
    resolver.addresses["turning.corp.test"] = ["127.0.0.1"]

    async def turn(request, writer):
        resolver.addresses["turning.corp.test"] = ["127.0.0.2"]
        writer.write(answer(200))

    async with serve(turn) as server:
        await outside.private.exchange(call("POST", f"http://turning.corp.test:{server.port}/", {}, 5.0), b"{}")
        assert len(server.requests) == 1
    assert checked == ["127.0.0.1"]
    assert resolver.asked["turning.corp.test"] == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError("Multiple exceptions: 10.0.0.1"), "the connection failed"),
        (ConnectionResetError(104, "10.0.0.1"), "the connection was reset"),
        (TimeoutError(110, "10.0.0.1"), "timed out"),
        (OSError(113, "10.0.0.1"), "the host cannot be reached"),
        (socket.gaierror(-2, "10.0.0.1"), "the connection failed"),
    ],
)
def test_words_are_our_own(error, words):
    assert words_for(error) == words
