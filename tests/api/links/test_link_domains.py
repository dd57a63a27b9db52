"""Link domains: their records, checks against a real DNS server, two accounts; and settings of links."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from domain.mail.sender_domains import FAILING_AFTER, FAILING_CHECKS
from store.access import audit
from tests.api.answers import assert_error
from tests.api.links.helpers import NUMBER, click, codes, long_ago, seen, sender, texts
from tests.api.mail_stack import PUBLIC, delivered, links, public_stack
from tests.api.mail_stack import sender as email_sender
from tests.dns_double import SERVFAIL, Dns
from tests.stack import Stack, User
from worker.sweeps.link_domains import check_link_domains

URL = "https://shop.example.com/offers"
SMS = {"message": f"See {URL}", "contact": [{"number": NUMBER}]}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def public(stack: Stack):
    async with public_stack(stack) as opened:
        yield opened


async def ask(stack: Stack, user: User, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    more = {} if body is None else {"json": body}
    answer = await stack.http.request(method, f"/api/{path}", headers=user.headers, **more)
    assert answer.status_code == status, answer.text
    return answer.json().get("data")


def enter(dns: Dns, domain: dict[str, Any]) -> None:
    """Enter a domain's records as they are to be copied."""
    txt, cname = domain["records"]
    dns.texts[txt["name"]] = [*dns.texts.get(txt["name"], []), txt["value"]]
    dns.aliases[cname["name"]] = cname["value"]
    dns.texts.setdefault(cname["value"], [])


async def verified(stack: Stack, dns: Dns, user: User, name: str | None = None) -> dict[str, Any]:
    domain = await ask(stack, user, "POST", "link-domains", {"domain": name or f"links.{uuid4().hex[:12]}.test"})
    enter(dns, domain)
    checked = await ask(stack, user, "POST", f"link-domains/{domain['id']}/check")
    assert checked["state"] == "verified", checked
    return checked


async def test_a_new_domain_has_two_records_to_copy_and_is_verified_once_both_are_there(public: Stack, dns: Dns):
    user, name = await public.user(), f"links.{uuid4().hex}.test"
    domain = await ask(public, user, "POST", "link-domains", {"domain": name.upper()})
    assert [(one["purpose"], one["type"], one["name"]) for one in domain["records"]] == [
        ("ownership", "TXT", f"_xsender.{name}"),
        ("alias", "CNAME", name),
    ]
    assert domain["records"][1]["value"] == "send.example.com"
    path = f"link-domains/{domain['id']}"
    checked = await ask(public, user, "POST", f"{path}/check")
    assert (checked["state"], {one["state"] for one in checked["records"]}) == ("unverified", {"missing"})
    dns.aliases[name] = "other.test"
    dns.texts["other.test"] = []
    checked = await ask(public, user, "POST", f"{path}/check")
    assert (checked["state"], checked["records"][1]["state"]) == ("unverified", "different")
    enter(dns, domain)
    checked = await ask(public, user, "POST", f"{path}/check")
    assert (checked["state"], {one["state"] for one in checked["records"]}) == ("verified", {"found"})
    assert await ask(public, user, "GET", path) == checked
    assert await ask(public, user, "GET", "link-domains") == [checked]


async def test_short_links_begin_with_the_accounts_newest_verified_domain(public: Stack, dns: Dns):
    user = await sender(public)
    domain = await verified(public, dns, user)
    await ask(public, user, "POST", "link-domains", {"domain": f"{uuid4().hex}.test"})
    (arrived,) = await texts(public, user, SMS | {"shorten_links": True})
    (code,) = codes(arrived["body"], f"https://{domain['domain']}/")
    await long_ago(public, arrived["uid"])
    onward = await click(public, f"/{code}", host=domain["domain"])
    assert (onward.status_code, onward.headers["location"]) == (302, URL)
    assert await seen(public, arrived["uid"]) == [("clicked", URL, False)]
    assert (await click(public, f"/l/{code}")).status_code == 302
    assert_error(await click(public, f"/{code}"), 404, "http_404", "")


async def test_nobodys_links_begin_with_anothers_domain(public: Stack, dns: Dns):
    user, other = await sender(public), await public.user()
    domain = (await verified(public, dns, other))["domain"]
    (arrived,) = await texts(public, user, SMS | {"shorten_links": True})
    (code,) = codes(arrived["body"])
    for path in (f"/{code}", f"/l/{code}", "/AAAAAAAA"):
        answer = await click(public, path, host=domain)
        assert answer.status_code == 404
        assert "location" not in answer.headers
        assert answer.headers["content-type"].startswith("text/html")
    assert await seen(public, arrived["uid"]) == []


@pytest.mark.parametrize("host", ["[::1", "[", "a b", "ü.test", "x" * 300, "a/b", "", "links.test:99999", "@", "%00"])
@pytest.mark.parametrize("path", ["/AAAAAAAA", "/l/AAAAAAAA"])
async def test_whatever_host_is_named_nothing_breaks(public: Stack, host: str, path: str):
    named = path.encode() + b" HTTP/1.1\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(public.url).port)
    writer.write(b"GET " + named)
    answer = await reader.read()
    writer.close()
    assert answer.split()[1] in (b"400", b"404"), answer


async def test_a_domain_is_one_accounts_at_a_time(public: Stack, dns: Dns):
    first, second, name = await public.user(), await public.user(), f"links.{uuid4().hex[:12]}.test"
    await verified(public, dns, first, name)
    claim = await ask(public, second, "POST", "link-domains", {"domain": name})
    enter(dns, claim)
    answer = await public.http.post(f"/api/link-domains/{claim['id']}/check", headers=second.headers)
    assert_error(answer, 409, "domain_taken", "")
    (kept,) = await ask(public, first, "GET", "link-domains")
    assert kept["state"] == "verified"


async def test_a_domain_whose_records_vanish_is_given_up_in_steps(public: Stack, dns: Dns):
    user = await public.user()
    domain = await verified(public, dns, user)
    dns.texts[domain["records"][0]["name"]] = SERVFAIL
    await long_failing(public, domain["id"])
    await check_link_domains(public.pool, public.settings.dns_servers)
    assert (await ask(public, user, "GET", f"link-domains/{domain['id']}"))["state"] == "verified"
    del dns.texts[domain["records"][0]["name"]]
    await long_failing(public, domain["id"])
    await check_link_domains(public.pool, public.settings.dns_servers)
    assert (await ask(public, user, "GET", f"link-domains/{domain['id']}"))["state"] == "failing"


async def long_failing(stack: Stack, domain_id: int) -> None:
    async with stack.pool.connection() as conn:
        await conn.execute(
            """update link_domains set failures = %s, check_at = now() - interval '1 minute',
                      failing_since = clock_timestamp() - %s where id = %s""",
            (FAILING_CHECKS - 1, FAILING_AFTER, domain_id),
        )


async def test_a_deleted_domain_leads_nowhere_and_links_begin_with_the_install_again(public: Stack, dns: Dns):
    user = await sender(public)
    domain = await verified(public, dns, user)
    (before,) = await texts(public, user, SMS | {"shorten_links": True})
    (code,) = codes(before["body"], f"https://{domain['domain']}/")
    await ask(public, user, "DELETE", f"link-domains/{domain['id']}")
    (after,) = await texts(public, user, SMS | {"shorten_links": True})
    assert len(codes(after["body"])) == 1
    assert (await click(public, f"/{code}", host=domain["domain"])).status_code == 404


@pytest.mark.parametrize("name", ["co.uk", "https://x.test/", "x"])
async def test_what_nobody_owns_is_no_link_domain(public: Stack, name: str):
    answer = await public.http.post("/api/link-domains", headers=(await public.user()).headers, json={"domain": name})
    assert answer.status_code == 422


async def test_a_link_domain_needs_the_installs_address(stack: Stack):
    answer = await stack.http.post(
        "/api/link-domains", headers=(await stack.user()).headers, json={"domain": "links.example.test"}
    )
    assert_error(answer, 409, "public_url_missing", "")


async def test_settings_count_from_the_next_request_on(public: Stack):
    user = await sender(public)
    empty = {"shorten_links": False, "keep_links": [], "utm": dict.fromkeys(UTM)}
    assert await ask(public, user, "GET", "link-settings") == empty
    wanted = {
        "shorten_links": True,
        "keep_links": ["https://APP.example.com"],
        "utm": {"source": "xs", "medium": "sms"},
    }
    kept = await ask(public, user, "PUT", "link-settings", wanted)
    assert (kept["shorten_links"], kept["keep_links"]) == (True, ["app.example.com"])
    assert await ask(public, user, "GET", "link-settings") == kept
    message = f"{URL}?utm_source=own#a https://app.example.com/x"
    (arrived,) = await texts(public, user, {"message": message, "contact": [{"number": NUMBER}]})
    (code,) = codes(arrived["body"])
    assert arrived["body"] == f"{PUBLIC}/l/{code} https://app.example.com/x"
    assert (await click(public, f"/l/{code}")).headers["location"] == f"{URL}?utm_source=own&utm_medium=sms#a"


async def test_settings_that_changed_meanwhile_are_not_overwritten_and_a_dry_run_writes_nothing(public: Stack):
    user = await public.user()
    before = await public.http.get("/api/link-settings", headers=user.headers)
    wanted, matching = {"shorten_links": True}, user.headers | {"if-match": before.headers["etag"]}
    tried = await public.http.put("/api/link-settings?dry_run=true", headers=matching, json=wanted)
    assert (tried.json()["dry_run"], tried.json()["data"]["shorten_links"]) == (True, True)
    assert (await public.http.put("/api/link-settings", headers=matching, json=wanted)).status_code == 200
    assert (await public.http.put("/api/link-settings", headers=matching, json={})).status_code == 412
    assert (await ask(public, user, "GET", "link-settings"))["shorten_links"] is True
    found = await audit.page(public.pool, audit.Filter(target=f"link_settings:{user.id}"), 2**62, 10)
    assert [one.action for one in found] == ["link_settings.changed"]


UTM = ("source", "medium", "campaign", "term", "content")


async def test_parameters_are_added_to_the_tracked_links_of_emails(public: Stack):
    user = await email_sender(public)
    await ask(public, user, "PUT", "link-settings", {"utm": {"campaign": "summer"}})
    contact = {"email": "ada@example.com", "subject": "Hi", "message": f'<a href="{URL}?a=1">x</a>'}
    tracked, plain = await delivered(public, user, {"contact": [contact | {"track": {"clicks": True}}, contact]})
    onward = await public.http.get(links(tracked["html"], "c")[0])
    assert onward.headers["location"] == f"{URL}?a=1&utm_campaign=summer"
    assert f'href="{URL}?a=1"' in plain["html"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"keep_links": ["a b"]}, "/keep_links/0"),
        ({"keep_links": ["ok.test", "*"]}, "/keep_links/1"),
        ({"utm": {"source": "a\nb"}}, "/utm/source"),
        ({"utm": {"sources": "a"}}, "/utm/sources"),
        ({"shorten_links": "yes"}, "/shorten_links"),
    ],
)
async def test_settings_that_cannot_be_are_refused(public: Stack, body: dict, place: str):
    answer = await public.http.put("/api/link-settings", headers=(await public.user()).headers, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == place
