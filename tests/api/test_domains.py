"""Sender domains over the API: their records, checks against a real DNS server, two accounts, and new keys."""

import asyncio
import base64
from datetime import timedelta

import dkim
import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from domain.mail.sender_domains import FAILING_AFTER, FAILING_CHECKS, LOST_AFTER, LOST_CHECKS
from gateways.email.dkim import DkimSigner
from gateways.net import txt_lookup
from store.access import audit
from store.accounts import accounts, sender_domains
from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.callbacks import hear
from tests.dns_double import SERVFAIL, SILENT, Dns
from tests.receiver import receiving
from tests.sending_domains import ask, enter, new_name, record, states, verified
from tests.stack import Stack, User
from worker.sweeps.sender_domains import DomainSweep


async def refused(stack: Stack, user: User, method: str, path: str = "", body: object = None) -> httpx.Response:
    return await stack.http.request(method, f"/api/domains{path}", headers=user.headers, json=body)


async def move_back(stack: Stack, domain_id: int, by: timedelta, failures: int) -> None:
    """As if the failed checks had begun so long ago."""
    async with stack.pool.connection() as conn:
        await conn.execute(
            """update sender_domains set failures = %s, check_at = now() - interval '1 minute',
                      failing_since = clock_timestamp() - %s where id = %s""",
            (failures, by, domain_id),
        )


async def state(stack: Stack, domain_id: int) -> str:
    return (await sender_domains.get(stack.pool, domain_id)).state


async def sweep(stack: Stack, domain_id: int) -> str:
    """The state after the domain was checked in a sweep, perhaps in that of the running worker."""
    before = (await sender_domains.get(stack.pool, domain_id)).checked_at
    async with asyncio.timeout(20):
        while (await sender_domains.get(stack.pool, domain_id)).checked_at == before:
            await DomainSweep(stack.pool, stack.temporal, stack.settings.dns_servers).run()
    return await state(stack, domain_id)


async def test_a_new_domain_has_records_to_copy(stack: Stack):
    user, name = await stack.user(), new_name()
    domain = await ask(stack, user, "POST", body={"domain": f" {name.upper()}. "})
    assert (domain["domain"], domain["state"], domain["user_id"]) == (name, "unverified", user.id)
    assert {(one["purpose"], one["name"], one["required"], one["state"]) for one in domain["records"]} == {
        ("ownership", f"_xsender.{name}", True, "unchecked"),
        ("dkim", f"xs1._domainkey.{name}", True, "unchecked"),
        ("spf", name, False, "unchecked"),
        ("dmarc", f"_dmarc.{name}", False, "unchecked"),
    }
    assert record(domain, "dmarc")["value"] == "v=DMARC1; p=none; adkim=r; aspf=r"
    key = record(domain, "dkim")
    assert "".join(key["strings"]) == key["value"]
    assert max(map(len, key["strings"])) <= 255
    public = load_der_public_key(base64.b64decode(key["value"].partition("p=")[2]))
    assert public.key_size == 2048
    assert await ask(stack, user, "GET", f"/{domain['id']}") == domain
    assert [one["id"] for one in await ask(stack, user, "GET")] == [domain["id"]]


async def test_the_private_half_of_the_key_is_sealed_to_its_place(stack: Stack, dns: Dns):
    user, name = await stack.user(), new_name()
    domain = await ask(stack, user, "POST", body={"domain": name})
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select key, domain from sender_domains where id = %s", (domain["id"],))
        ((sealed, _),) = await cursor.fetchall()
    assert b"PRIVATE" not in sealed
    private = sender_domains.open_key(stack.keyring, user.id, name, "xs1", sealed)
    mail = b"From: a@" + name.encode() + b"\r\nTo: b@x.test\r\nSubject: Hi\r\n\r\nHi\r\n"
    signed = DkimSigner(name, "xs1", private).sign(mail)
    value = record(domain, "dkim")["value"].encode()
    assert dkim.verify(signed, dnsfunc=lambda *_, **__: value)
    for moved in ((0, name, "xs1"), (user.id, "other.test", "xs1"), (user.id, name, "xs2")):
        with pytest.raises(Exception, match="does not open"):
            sender_domains.open_key(stack.keyring, *moved, sealed)


async def test_a_check_says_of_each_record_what_was_found(stack: Stack, dns: Dns):
    user = await stack.user()
    domain = await ask(stack, user, "POST", body={"domain": new_name()})
    name, path = domain["domain"], f"/{domain['id']}/check"
    checked = await ask(stack, user, "POST", path)
    assert (checked["state"], set(states(checked).values())) == ("unverified", {"missing"})
    dns.texts |= {
        f"_xsender.{name}": ["xsender-verification=other"],
        f"xs1._domainkey.{name}": [record(domain, "dkim")["value"][:300]],
        name: ["v=spf1 mx -all", "v=spf1 a ~all"],
        f"_dmarc.{name}": ["v=DMARC1; rua=mailto:a@x.test"],
    }
    checked = await ask(stack, user, "POST", path)
    assert (checked["state"], set(states(checked).values())) == ("unverified", {"different"})
    assert record(checked, "ownership")["found"] == ["xsender-verification=other"]
    assert "cut off" in record(checked, "dkim")["message"]
    assert record(checked, "spf")["value"] == "v=spf1 a mx ~all"
    enter(dns, checked)
    checked = await ask(stack, user, "POST", path)
    assert (checked["state"], set(states(checked).values())) == ("verified", {"found"})
    assert checked["verified_at"] is not None


async def test_spf_keeps_what_is_there_and_names_what_the_gateways_need(stack: Stack, dns: Dns):
    user = await stack.user()
    identifier = await stack.gateway(user.id, "email", "sendgrid", {"api_key": "k", "from_address": "a@example.com"})
    async with stack.pool.connection() as conn:
        await conn.execute(
            "update gateways set from_policy = 'verified_domains' where account_id = %s and identifier = %s",
            (user.id, identifier),
        )
    domain = await ask(stack, user, "POST", body={"domain": new_name()})
    name = domain["domain"]
    assert record(domain, "spf")["value"] == "v=spf1 a mx include:sendgrid.net ~all"
    many = " ".join(f"include:i{number}.{name}" for number in range(4))
    dns.texts[name] = [f"v=spf1 {many} -all"]
    dns.texts |= {f"i{number}.{name}": ["v=spf1 a mx -all"] for number in range(4)}
    checked = record(await ask(stack, user, "POST", f"/{domain['id']}/check"), "spf")
    assert (checked["state"], checked["value"]) == ("different", f"v=spf1 {many} include:sendgrid.net -all")
    assert "lacks include:sendgrid.net" in checked["message"]
    assert "receivers make 10" in checked["message"]


async def test_a_dmarc_record_of_the_parent_is_enough(stack: Stack, dns: Dns):
    user, parent = await stack.user(), new_name()
    dns.texts[f"_dmarc.{parent}"] = ["v=DMARC1; p=reject"]
    domain = await ask(stack, user, "POST", body={"domain": f"a.b.{parent}"})
    checked = record(await ask(stack, user, "POST", f"/{domain['id']}/check"), "dmarc")
    assert (checked["state"], f"_dmarc.{parent}" in checked["message"]) == ("found", True)


@pytest.mark.parametrize("purpose", ["ownership", "dkim"])
@pytest.mark.parametrize("how", [SERVFAIL, SILENT])
async def test_a_dns_that_fails_neither_verifies_nor_fails_a_domain(
    stack: Stack, dns: Dns, purpose: str, how: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(txt_lookup, "_LIFETIME", 0.2)
    monkeypatch.setattr(txt_lookup, "_PER_SERVER", 0.1)
    user = await stack.user()
    domain = await verified(stack, dns, user)
    dns.texts[record(domain, purpose)["name"]] = how
    await move_back(stack, domain["id"], LOST_AFTER * 2, LOST_CHECKS * 2)
    checked = await ask(stack, user, "POST", f"/{domain['id']}/check")
    assert (checked["state"], states(checked)[purpose]) == ("verified", "unanswered")
    other = await ask(stack, user, "POST", body={"domain": new_name()})
    enter(dns, other)
    dns.texts[record(other, purpose)["name"]] = how
    assert (await ask(stack, user, "POST", f"/{other['id']}/check"))["state"] == "unverified"


@pytest.mark.parametrize("purpose", ["ownership", "dkim"])
async def test_a_domain_whose_record_vanished_fails_is_lost_and_its_account_hears_of_it(
    stack: Stack, dns: Dns, purpose: str
):
    user = await stack.user()
    async with receiving() as receiver:
        await hear(stack, user, receiver)
        domain = await verified(stack, dns, user)
        (event,) = await receiver.hears(1)
        assert (event["type"], event["data"]["domain"]) == ("domain.verified", domain["domain"])
        assert (event["data"]["user_id"], event["data"]["by_admin"]) == (user.id, False)
        name = record(domain, purpose)["name"]
        del dns.texts[name]
        await ask(stack, user, "POST", f"/{domain['id']}/check")
        assert await state(stack, domain["id"]) == "verified"
        await move_back(stack, domain["id"], FAILING_AFTER, FAILING_CHECKS - 1)
        assert await sweep(stack, domain["id"]) == "failing"
        await move_back(stack, domain["id"], LOST_AFTER, LOST_CHECKS - 1)
        assert await sweep(stack, domain["id"]) == "unverified"
        events = await receiver.hears(3)
    told = {event["type"]: event["data"] for event in events}
    assert set(told) == {"domain.verified", "domain.failing", "domain.unverified"}
    problems = {one["purpose"] for one in told["domain.failing"]["records"] if one["state"] == "missing"}
    assert purpose in problems
    found = await audit.page(stack.pool, audit.Filter(target=f"domain:{domain['id']}"), 2**62, 10)
    by_system = [one.event for one in found if one.event["actor"]["type"] == "system"]
    assert [[(change["from"], change["to"]) for change in one["changes"]] for one in by_system] == [
        [("failing", "unverified")],
        [("verified", "failing")],
    ]


async def test_a_check_that_changes_nothing_leaves_no_entry(stack: Stack, dns: Dns):
    user = await stack.user()
    domain = await verified(stack, dns, user)
    target = audit.Filter(target=f"domain:{domain['id']}")
    before = len(await audit.page(stack.pool, target, 2**62, 10))
    await move_back(stack, domain["id"], timedelta(0), 0)
    assert await sweep(stack, domain["id"]) == "verified"
    assert len(await audit.page(stack.pool, target, 2**62, 10)) == before


async def test_a_new_domain_is_verified_without_being_asked(stack: Stack, dns: Dns):
    user = await stack.user()
    domain = await ask(stack, user, "POST", body={"domain": new_name()})
    enter(dns, domain)
    assert await sweep(stack, domain["id"]) == "verified"


async def test_only_one_account_has_a_domain_and_its_loss_makes_room(stack: Stack, dns: Dns):
    first, second = await stack.user(), await stack.user()
    domain = await verified(stack, dns, first)
    claim = await ask(stack, second, "POST", body={"domain": domain["domain"]})
    own = [record(one, "ownership")["value"] for one in (domain, claim)]
    assert own[0] != own[1]
    dns.texts[f"_xsender.{domain['domain']}"] = own
    dns.texts[record(claim, "dkim")["name"]] = [record(claim, "dkim")["value"]]
    error = assert_error(await refused(stack, second, "POST", f"/{claim['id']}/check"), 409, "domain_taken")
    assert "another account" in error["message"]
    assert str(first.id) not in error["message"]
    read = await ask(stack, second, "GET", f"/{claim['id']}")
    assert (read["state"], read["problem"]) == ("unverified", error["message"])
    assert {states(read)[purpose] for purpose in ("ownership", "dkim")} == {"found"}
    await move_back(stack, domain["id"], LOST_AFTER, LOST_CHECKS)
    assert await sweep(stack, domain["id"]) == "unverified"
    assert (await ask(stack, second, "POST", f"/{claim['id']}/check"))["state"] == "verified"


async def test_a_deleted_account_holds_no_domain(stack: Stack, dns: Dns):
    first, second = await stack.user(), await stack.user()
    domain = await verified(stack, dns, first)
    await accounts.delete(stack.pool, first.id)
    assert (await verified(stack, dns, second, domain["domain"]))["state"] == "verified"
    assert await state(stack, domain["id"]) == "unverified"


async def test_each_name_is_proven_by_itself(stack: Stack, dns: Dns):
    """Whoever may write at a name below another account's domain was given it by that one's DNS."""
    first, second = await stack.user(), await stack.user()
    domain = await verified(stack, dns, first)
    below = f"news.{domain['domain']}"
    claim = await ask(stack, second, "POST", body={"domain": below})
    assert (await ask(stack, second, "POST", f"/{claim['id']}/check"))["state"] == "unverified"
    assert (await verified(stack, dns, await stack.user(), below))["state"] == "verified"


async def test_a_new_key_is_used_once_its_record_is_seen(stack: Stack, dns: Dns):
    user = await stack.user()
    domain = await verified(stack, dns, user)
    path = f"/{domain['id']}"
    rotated = await ask(stack, user, "POST", f"{path}/rotate-key")
    coming = record(rotated, "dkim_next")
    assert coming["name"] == f"xs2._domainkey.{domain['domain']}"
    assert record(rotated, "dkim") == record(domain, "dkim")
    assert_error(await refused(stack, user, "POST", f"{path}/rotate-key"), 409, "rotation_pending")
    waiting = await ask(stack, user, "POST", f"{path}/check")
    assert (waiting["state"], states(waiting)["dkim_next"]) == ("verified", "missing")
    dns.texts[coming["name"]] = [coming["value"]]
    switched = await ask(stack, user, "POST", f"{path}/check")
    assert (switched["state"], "dkim_next" in states(switched)) == ("verified", False)
    assert (record(switched, "dkim")["value"], states(switched)["dkim"]) == (coming["value"], "found")
    del dns.texts[record(domain, "dkim")["name"]]
    assert states(await ask(stack, user, "POST", f"{path}/check"))["dkim"] == "found"
    third = await ask(stack, user, "POST", f"{path}/rotate-key")
    assert record(third, "dkim_next")["name"].startswith("xs3.")


async def test_what_cannot_be_is_refused(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    user = await stack.user()
    for body, status, code, pointer in (
        ({"domain": "co.uk"}, 422, "domain_public", "/domain"),
        ({"domain": "a\u0000b.com"}, 422, "json_text", "/domain"),
        ({"domain": 7}, 422, "string_type", "/domain"),
        ({"domain": "a.test", "user": 1}, 422, "extra_forbidden", "/user"),
        ({}, 422, "missing", "/domain"),
    ):
        assert_error(await refused(stack, user, "POST", "", body), status, code, pointer)
    assert_error(await refused(stack, user, "GET", "?stat=verified"), 422, "query_unknown", "/stat")
    name = new_name()
    await ask(stack, user, "POST", body={"domain": name})
    assert_error(await refused(stack, user, "POST", "", {"domain": name}), 409, "domain_exists")
    monkeypatch.setattr(sender_domains, "MOST_DOMAINS", 1)
    assert_error(await refused(stack, user, "POST", "", {"domain": new_name()}), 422, "too_many_domains", "/domain")


async def test_keys_and_checks_in_a_row_are_limited(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    user = await stack.user()
    domain = await ask(stack, user, "POST", body={"domain": new_name()})
    answers = [await refused(stack, user, "POST", f"/{domain['id']}/check") for _ in range(11)]
    assert {answer.status_code for answer in answers[:10]} == {200}
    assert_error(answers[10], 429, "rate_limited")
    assert int(answers[10].headers["retry-after"]) > 0


async def test_a_repeat_with_its_key_adds_a_domain_once(stack: Stack):
    user, body = await stack.user(), {"domain": new_name()}
    first, second = [await ask(stack, user, "POST", body=body, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert first == second
    assert len(await ask(stack, user, "GET")) == 1


async def test_a_key_that_only_sends_does_not_decide_what_it_sends_as(stack: Stack):
    from domain.access.api_keys import KeyKind
    from store.accounts import api_keys

    user = await stack.user()
    narrow = User(user.id, (await api_keys.create(stack.pool, KeyKind.USER, user.id, scopes=["send"])).text)
    assert_error(await refused(stack, narrow, "POST", "", {"domain": new_name()}), 403, "scope_missing")
    assert_error(await refused(stack, narrow, "GET"), 403, "scope_missing")


async def test_staff_adds_and_lists_domains_of_anybody(stack: Stack, dns: Dns):
    staff, user = await admin(stack), await stack.user()
    name = new_name()
    domain = await staff.data("POST", "/domains", {"user": user.id, "domain": name})
    assert (domain["user_id"], domain["domain"]) == (user.id, name)
    of_admin = await staff.data("POST", "/domains", {"domain": new_name()})
    assert of_admin["user_id"] is None
    enter(dns, domain)
    assert (await staff.data("POST", f"/domains/{domain['id']}/check"))["state"] == "verified"
    for query, expected in (
        (f"user={user.id}", [domain["id"]]),
        (f"domain={name}", [domain["id"]]),
        (f"user={user.id}&state=verified", [domain["id"]]),
        (f"user={user.id}&state=failing&state=unverified", []),
    ):
        assert [one["id"] for one in await staff.data("GET", f"/domains?{query}")] == expected
    assert of_admin["id"] in [one["id"] for one in await staff.data("GET", "/domains?user=admin&state=unverified")]
    written = await staff.call("GET", f"/domains?user={user.id}&format=csv")
    assert name in written.text
    assert_error(await staff.call("POST", "/domains", {"user": 2**60, "domain": name}), 404, "account_not_found")
    tag = (await staff.call("GET", f"/domains/{domain['id']}")).headers["ETag"]
    await staff.data("POST", f"/domains/{domain['id']}/rotate-key")
    assert_error(await staff.call("DELETE", f"/domains/{domain['id']}", If_Match=tag), 412, "changed_meanwhile")
    assert (await staff.call("DELETE", f"/domains/{domain['id']}?dry_run=true")).json()["dry_run"] is True
    await staff.data("DELETE", f"/domains/{domain['id']}")
    assert_error(await staff.call("GET", f"/domains/{domain['id']}"), 404, "domain_not_found")
    reader = await staff.colleague("support")
    assert_error(await reader.call("POST", "/domains", {"domain": new_name()}), 403, "permission_missing")
    assert of_admin["id"] == (await reader.data("GET", f"/domains/{of_admin['id']}"))["id"]
