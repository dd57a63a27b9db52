"""Sender domains by commands, with a DNS server of the test's own."""

from tests.dns_double import Dns
from tests.sending_domains import enter, new_name, record


async def test_a_domain_is_added_checked_shown_and_deleted(cli, user, dns: Dns):
    name = new_name()
    domain = (await cli("domain", "add", name, "--owner", user, "--json")).json
    assert (domain["domain"], domain["user_id"], domain["state"]) == (name, user, "unverified")
    shown = (await cli("domain", "show", name, "--owner", user)).out
    for one in domain["records"]:
        assert one["name"] in shown
        assert one["value"] in shown
    enter(dns, domain)
    checked = (await cli("domain", "check", name, "--owner", user, "--json")).json
    assert (checked["state"], {one["state"] for one in checked["records"]}) == ("verified", {"found"})
    rotated = (await cli("domain", "rotate-key", domain["id"], "--json")).json
    assert record(rotated, "dkim_next")["name"] == f"xs2._domainkey.{name}"
    listed = (await cli("domain", "list", "--owner", user, "--json")).json
    assert [(one["domain"], one["state"]) for one in listed] == [(name, "verified")]
    assert name in (await cli("domain", "list", "--owner", user)).out
    assert (await cli("domain", "delete", name, "--owner", user, "--json")).json == {"deleted": domain["id"]}
    assert "no sender domain" in (await cli("domain", "show", name, "--owner", user)).refusal
    assert "place to register" in (await cli("domain", "add", "co.uk")).refusal
