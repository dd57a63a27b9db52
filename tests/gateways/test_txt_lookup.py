"""TXT records over real sockets: what is there, what surely is not, and what nobody can say."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateways.net import txt_lookup
from gateways.net.txt_lookup import NoAnswer, TxtLookup, parse_servers
from tests.dns_double import GARBAGE, REFUSED, SERVFAIL, SILENT, Dns, serve_dns


@pytest_asyncio.fixture
async def dns() -> AsyncIterator[Dns]:
    """One of its own for each test, which counts what it is asked."""
    async with serve_dns() as double:
        yield double


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(txt_lookup, "_LIFETIME", 0.3)
    monkeypatch.setattr(txt_lookup, "_PER_SERVER", 0.1)


async def texts(dns: Dns, name: str) -> tuple[str, ...]:
    return await TxtLookup(dns.address).texts(name)


async def test_several_texts_and_their_pieces(dns: Dns):
    long = "v=DKIM1; p=" + "k" * 400
    dns.texts["a.test"] = ["one", long, 'with "quotes" and \\', ""]
    assert set(await texts(dns, "a.test")) == {"one", long, 'with "quotes" and \\', ""}


async def test_a_name_is_found_in_any_case(dns: Dns):
    dns.texts["a.test"] = ["one"]
    dns.upper_case = True
    assert await texts(dns, "A.tEst") == ("one",)


async def test_what_does_not_fit_a_datagram_comes_over_tcp(dns: Dns):
    dns.texts["a.test"] = ["x" * 3000, *(str(number) * 300 for number in range(60))]
    found = await texts(dns, "a.test")
    assert (dns.asked["udp"], dns.asked["tcp"]) == (1, 1)
    assert len(found) == 50


async def test_a_huge_text_is_cut(dns: Dns):
    dns.texts["a.test"] = ["y" * 60_000]
    assert await texts(dns, "a.test") == ("y" * 4096,)


async def test_aliases_are_followed(dns: Dns):
    dns.aliases |= {"a.test": "b.test", "b.test": "c.other"}
    dns.texts["c.other"] = ["there"]
    assert await texts(dns, "a.test") == ("there",)


@pytest.mark.parametrize("name", ["none.test", "empty.test", "dangling.test"])
async def test_what_is_surely_not_there(dns: Dns, name: str):
    dns.texts["empty.test"] = []
    dns.aliases["dangling.test"] = "none.other"
    assert await texts(dns, name) == ()


@pytest.mark.parametrize("how", [SERVFAIL, REFUSED, SILENT, GARBAGE])
async def test_failures_prove_nothing(dns: Dns, how: str):
    dns.texts["a.test"] = how
    with pytest.raises(NoAnswer):
        await texts(dns, "a.test")


async def test_a_chain_without_an_end_proves_nothing(dns: Dns):
    dns.aliases |= {f"a{number}.test": f"a{number + 1}.test" for number in range(25)}
    dns.aliases |= {"loop.test": "pool.test", "pool.test": "loop.test"}
    dns.texts["a25.test"] = ["far"]
    for name in ("a0.test", "loop.test"):
        with pytest.raises(NoAnswer):
            await texts(dns, name)


async def test_no_server_at_all_proves_nothing(dns: Dns):
    with pytest.raises(NoAnswer):
        await TxtLookup("127.0.0.1:1").texts("a.test")


async def test_another_server_answers_for_one_that_is_silent(dns: Dns, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(txt_lookup, "_LIFETIME", 3.0)
    dns.texts["a.test"] = ["one"]
    async with serve_dns() as silent:
        silent.texts["a.test"] = SILENT
        assert await TxtLookup(f"{silent.address},{dns.address}").texts("a.test") == ("one",)


@pytest.mark.parametrize("name", ["a" * 64 + ".test", "a..test", ".".join(["a" * 60] * 5)])
async def test_names_that_cannot_be_are_no_proof(dns: Dns, name: str):
    with pytest.raises(NoAnswer):
        await texts(dns, name)


def test_addresses_of_servers():
    assert parse_servers("") == []
    assert parse_servers("192.0.2.1, 192.0.2.2:5353,[2001:db8::1]:54,2001:db8::2") == [
        ("192.0.2.1", 53),
        ("192.0.2.2", 5353),
        ("2001:db8::1", 54),
        ("2001:db8::2", 53),
    ]
    for wrong in ("dns.example.com", "192.0.2.1:0", "192.0.2.1:x", "192.0.2.1:99999"):
        with pytest.raises(ValueError, match=r"server|IPv4"):
            parse_servers(wrong)
