"""The SSRF table: where a gateway must not be able to connect, however the address is written."""

from ipaddress import ip_address
from socket import AF_INET, AF_INET6, SOCK_STREAM

import pytest

from domain.channels import Channel
from domain.messages.outcomes import Accepted, GatewayDown
from gateways.conformance.fake_provider import answer, serve
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
NEVER = """
    169.254.169.254 169.254.170.2 100.100.100.200 168.63.129.16 192.0.0.192 224.0.0.1
    fe80::1 fe80::a9fe:a9fe%eth0 ff02::1 fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:a9fe:a9fe::1 fd00:42::42
    ::169.254.169.254 ::ffff:169.254.169.254 ::ffff:0:169.254.169.254 ::ffff:100.100.100.200 64:ff9b::169.254.169.254
    64:ff9b:1::169.254.169.254 64:ff9b:1:a9fe:a9:fe00:: 64:ff9b:1:a9:fe:a9fe:: 64:ff9b:1:0:a9:fea9:fe00:0
    2002:a9fe:a9fe:: 2002:6464:64c8::1 2001:0:4136:e378:8000:63bf:5601:5601 2001:0:a9fe:a9fe::
    fd12::5efe:169.254.169.254
""".split()  # noqa: SIM905 - a table reads better so
"""Where clouds keep credentials and what is for everybody on a wire, in all forms that carry an IPv4 address."""
ALLOWED = """
    127.0.0.1 10.0.0.1 100.64.0.1 100.100.100.201 172.16.0.1 192.168.1.1 8.8.8.8 ::1 fd12::1 ::ffff:10.0.0.1
    64:ff9b::10.0.0.1 64:ff9b:1::10.0.0.1 2002:a00:1:: 2606:4700::1111
""".split()  # noqa: SIM905 - a table reads better so
"""What an admin may allow."""
METADATA_HOSTS = """
    169.254.169.254 2852039166 0xa9fea9fe 0xa9.0xfe.0xa9.0xfe 169.254.43518 169.16689662
    [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [64:ff9b::a9fe:a9fe] [2002:a9fe:a9fe::] [fd00:ec2::254] 100.100.100.200
    169。254。169。254
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


@pytest.mark.parametrize("address", NEVER)
def test_what_clouds_keep_credentials_at_is_shut_even_where_private_is_allowed(address):
    info = (AF_INET6 if ":" in address else AF_INET, SOCK_STREAM, 6, "", (address, 80))
    for make_socket in (private_too, public_only(HTTP_PORTS)):
        with pytest.raises(BlockedAddress, match="is not allowed"):
            make_socket(info)


@pytest.mark.parametrize("address", ALLOWED)
def test_other_private_addresses_are_open_where_they_are_allowed(address):
    private_too((AF_INET6 if ":" in address else AF_INET, SOCK_STREAM, 6, "", (address, 80))).close()


@pytest.mark.parametrize("host", METADATA_HOSTS)
async def test_metadata_is_not_reached_in_any_spelling(outside, host):
    got = await outside.private.exchange(call("GET", f"http://{host}/latest/meta-data/", {}, 5.0))
    assert isinstance(got, GatewayDown)
    assert "one where a cloud keeps credentials" in got.reason


@pytest.mark.parametrize("host", LOOPBACK_HOSTS)
async def test_loopback_is_not_reached(outside, host):
    async with serve(answer(200)) as server:
        got = await outside.public.exchange(call("POST", f"http://{host}:{server.port}/", {}, 5.0), b"{}")
    assert isinstance(got, GatewayDown)
    assert server.connections == 0


async def test_reason_names_the_remedy_and_not_the_address(outside):
    got = await outside.public.exchange(call("POST", "http://localhost:8080/", {}, 5.0))
    assert isinstance(got, GatewayDown)
    assert "127.0.0.1" not in got.reason
    assert "::1" not in got.reason
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


async def test_metadata_is_not_reached_by_smtp_in_octal(outside, make):
    raw = {"host": "0251.0376.0251.0376", "security": "none", "from_address": "a@example.com"}
    gateway = build("smtp", parse_config("smtp", Channel.EMAIL, {**raw, "allow_private_network": True}), outside)
    got = await gateway.send(make(channel=Channel.EMAIL, to="b@example.com"))
    await gateway.aclose()
    assert isinstance(got, GatewayDown)
    assert "one where a cloud keeps credentials" in got.reason


async def test_smtp_host_is_guarded_too(outside, make):
    raw = {"host": "localhost", "port": 2525, "security": "none", "from_address": "a@example.com"}
    gateway = build("smtp", parse_config("smtp", Channel.EMAIL, raw), outside)
    got = await gateway.send(make(channel=Channel.EMAIL, to="b@example.com"))
    await gateway.aclose()
    assert isinstance(got, GatewayDown)
    assert "not a public address" in got.reason
