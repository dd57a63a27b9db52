"""Link domains by commands, with a DNS server of the test's own."""

from uuid import uuid4

from tests.dns_double import Dns


async def test_a_link_domain_is_added_checked_shown_and_deleted(cli, user, dns: Dns):
    name = f"links.{uuid4().hex}.test"
    assert "public URL" in (await cli("link-domain", "add", name, "--owner", user)).refusal
    public = {"XSENDER_PUBLIC_URL": "https://send.example.com"}
    domain = (await cli("link-domain", "add", name, "--owner", user, "--json", **public)).json
    shown = (await cli("link-domain", "show", domain["id"])).out
    for one in domain["records"]:
        assert one["name"] in shown
        assert one["value"] in shown
    txt, cname = domain["records"]
    dns.texts |= {txt["name"]: [txt["value"]], cname["value"]: []}
    dns.aliases[name] = cname["value"]
    assert (await cli("link-domain", "check", domain["id"], "--json")).json["state"] == "verified"
    assert name in (await cli("link-domain", "list", "--owner", user)).out
    assert (await cli("link-domain", "delete", domain["id"], "--json")).json == {"deleted": domain["id"]}
    assert "no such link domain" in (await cli("link-domain", "show", domain["id"])).refusal
