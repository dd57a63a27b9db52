"""The SSRF table: where a gateway must not be able to connect, however the address is written."""

from ipaddress import ip_address

import pytest
from fake_http import answer, serve

from domain.channels import Channel
from domain.outcomes import Accepted, GatewayDown
from gateways.net.addresses import HTTP_PORTS, BlockedAddress, is_public, private_too, public_only
from gateways.net.http import call
from gateways.registry import build, parse_config

PRIVATE = """
    0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 192.0.0.1 192.0.2.1 192.88.99.1
    192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1
    64:ff9b::169.254.169.254 64:ff9b:1::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 2002:7f00:1::
    2002:a00:1:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1
""".split()  # noqa: SIM905 - a table reads better so
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]

LOOPBACK_HOSTS = """
    127.0.0.1 localhost 2130706433 0x7f000001 0x7f.1 127.1 0 [::1] [::] [::ffff:7f00:1] [::ffff:127.0.0.1]
    [64:ff9b::7f00:1] [2002:7f00:1::] [::127.0.0.1] 127。0。0。1 127.0.0.1.
""".split()  # noqa: SIM905 - a table reads better so


@pytest.mark.parametrize("address", PRIVATE)
def test_private_address(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize("port", [22, 25, 5432, 6379, 11211])
def test_public_address_at_another_service_is_blocked(port):
    with pytest.raises(BlockedAddress, match=f"port {port}"):
        public_only(HTTP_PORTS)((2, 1, 6, "", ("8.8.8.8", port)))


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "224.0.0.1"])
def test_link_local_is_shut_even_where_private_is_allowed(address):
    with pytest.raises(BlockedAddress):
        private_too((2, 1, 6, "", (address, 80)))


@pytest.mark.parametrize("host", LOOPBACK_HOSTS)
async def test_loopback_is_not_reached(outside, host):
    async with serve(answer(200)) as server:
        got = await outside.public.exchange(call("POST", f"http://{host}:{server.port}/", {}, 5.0), b"{}")
    assert isinstance(got, GatewayDown)
    assert server.connections == 0


async def test_reason_names_the_address_and_the_remedy(outside):
    got = await outside.public.exchange(call("POST", "http://localhost:8080/", {}, 5.0))
    assert isinstance(got, GatewayDown)
    assert "127.0.0.1" in got.reason or "::1" in got.reason
    assert "an admin may allow private networks" in got.reason


async def test_private_network_is_reached_where_allowed(outside, make):
    async with serve(answer(200)) as server:
        for allowed, expected in [(False, GatewayDown), (True, Accepted)]:
            raw = {"url": server.url, "allow_private_network": allowed}
            gateway = build("http", parse_config("http", Channel.SMS, raw), outside)
            assert isinstance(await gateway.send(make()), expected)
    assert len(server.requests) == 1


async def test_redirect_to_loopback_is_an_answer_like_any_other(outside, make):
    async with serve(answer(200)) as inner, serve(answer(302, Location=inner.url)) as server:
        raw = {"url": server.url, "allow_private_network": True}
        got = await build("http", parse_config("http", Channel.SMS, raw), outside).send(make())
    assert got == GatewayDown("answered 302")
    assert inner.connections == 0


async def test_smtp_host_is_guarded_too(outside, make):
    raw = {"host": "localhost", "port": 2525, "security": "none", "from_address": "a@example.com"}
    gateway = build("smtp", parse_config("smtp", Channel.EMAIL, raw), outside)
    got = await gateway.send(make(channel=Channel.EMAIL, to="b@example.com"))
    await gateway.aclose()
    assert isinstance(got, GatewayDown)
    assert "not a public address" in got.reason
