"""Sources of leads: set up, changed, parked and resumed; their credentials go in, and never come out."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.audience.contacts.contact import new_contact_id
from store.leads import leads, sources
from store.leads.leads import NewLead
from store.leads.sealing import open_credentials
from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.automations.automations import call, data, flow, holder, published, sms
from tests.api.leads.lead_sources import FORM, GOOGLE, KINDS, LINKEDIN, META, new_source
from tests.api.test_narrowed_keys import key_with
from tests.stack import Stack, User


async def stored(stack: Stack, made: dict[str, Any]):
    found = await sources.of_id(stack.pool, UUID(made["id"]))
    assert found is not None
    return found


async def credentials(stack: Stack, made: dict[str, Any]) -> dict[str, str]:
    found = await stored(stack, made)
    return open_credentials(stack.keyring, found.id, found.sealed)


async def waiting_lead(stack: Stack, made: dict[str, Any]) -> UUID:
    """A lead that waits for its source."""
    source, id_ = await stored(stack, made), new_contact_id()
    await leads.receive(stack.pool, [NewLead(id_, source.account_id, source.id, str(id_), "webhook")])
    await leads.set_state(stack.pool, id_, "parked")
    return id_


async def codes(stack: Stack, user: User, method: str, path: str, body: object) -> dict[str, str]:
    """Where, and with which codes, a body is refused."""
    answer = await call(stack, user, method, path, body)
    assert answer.status_code == 422, answer.text
    return {one["pointer"]: one["code"] for one in answer.json()["errors"]}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_source_of_each_kind_is_made_read_by_id_and_key_listed_and_deleted(stack: Stack, kind: str):
    user = await holder(stack)
    made = await new_source(stack, user, KINDS[kind])
    once = made.pop("once")
    assert made["state"] == "active"
    assert made["key"] == KINDS[kind]["name"].lower().replace(" ", "-")
    for named in (made["id"], made["key"]):
        assert await data(stack, user, "GET", f"/lead-sources/{named}") == made
    assert (await call(stack, user, "GET", "/lead-sources")).json() == {"data": [made], "next_cursor": None}
    listed = (await call(stack, user, "GET", "/lead-sources?format=csv")).text
    assert listed.splitlines()[1].startswith(made["id"])
    for secret in (await credentials(stack, made)).values():
        assert secret not in listed + str(made)
    assert set(once) == {"meta": {"verify_token"}, "google": {"key"}}.get(kind, set())
    await data(stack, user, "DELETE", f"/lead-sources/{made['key']}")
    assert_error(await call(stack, user, "GET", f"/lead-sources/{made['id']}"), 404, "lead_source_not_found")


async def test_the_webhook_address_is_the_one_that_the_provider_has_to_post_to(stack: Stack):
    user = await holder(stack)
    found = {kind: await new_source(stack, user, body) for kind, body in KINDS.items()}
    paths = {kind: made["webhook_url"].removeprefix(stack.url) for kind, made in found.items()}
    assert paths == {
        "meta": "/api/webhook/meta-lead-ads",
        "google": f"/api/webhook/google-ads-lead/{found['google']['id']}",
        "linkedin": f"/api/webhook/linkedin-leads/{found['linkedin']['id']}",
        "form": f"/api/leads/{found['form']['id']}",
    }
    own_app = {"credentials": {"app_secret": "app-secret-1"}}
    made = await data(stack, user, "PATCH", f"/lead-sources/{found['meta']['id']}", own_app)
    assert made["webhook_url"].endswith(f"/api/webhook/meta-lead-ads/{made['id']}")
    assert made["credentials"] == ["token", "app_secret", "verify_token"]


async def test_posts_name_a_source_by_its_page_the_digest_of_its_key_or_its_owner(stack: Stack):
    user = await holder(stack)
    meta, google, linkedin = [await new_source(stack, user, body) for body in (META, GOOGLE, LINKEDIN)]
    for kind, name, made in (("meta", "508", meta), ("linkedin", LINKEDIN["owner"], linkedin)):
        found = (await sources.named(stack.pool, kind, [name]))[name]  # other accounts may name it, too
        assert [str(one.id) for one in found if one.account_id == user.id] == [made["id"]]
    first = digest(google["once"]["key"])
    assert [str(one.id) for one in (await sources.named(stack.pool, "google", [first]))[first]] == [google["id"]]
    given = {"credentials": {"key": "another-key-of-ours"}}
    assert (await data(stack, user, "PATCH", f"/lead-sources/{google['id']}", given))["once"] == {}
    second = digest("another-key-of-ours")
    assert [*await sources.named(stack.pool, "google", [first, second])] == [second]
    chosen = await data(stack, user, "PATCH", f"/lead-sources/{google['id']}", {"credentials": {"key": None}})
    third = digest(chosen["once"]["key"])
    assert [*await sources.named(stack.pool, "google", [first, second, third])] == [third]


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


async def test_what_a_kind_does_not_have_or_lacks_is_refused_with_its_place(stack: Stack):
    user = await holder(stack)
    wrong = GOOGLE | {"page_id": "1", "honeypot": "url", "credentials": {"token": "x" * 20}}
    assert await codes(stack, user, "POST", "/lead-sources", wrong) == {
        "/page_id": "source_setting",
        "/honeypot": "source_setting",
        "/credentials/token": "source_credential",
    }
    assert await codes(stack, user, "POST", "/lead-sources", {"kind": "meta", "name": "Page"}) == {
        "/page_id": "missing"
    }
    assert await codes(stack, user, "POST", "/lead-sources", META | {"api_version": "202609"}) == {
        "/api_version": "source_setting"
    }
    for name in ("replay", "…", str(new_contact_id())):
        assert await codes(stack, user, "POST", "/lead-sources", GOOGLE | {"name": name}) == {
            "/name": "lead_source_name"
        }
    extra = FORM | {"origins": ["https://example.com/path", "*"], "redirects": ["a b"], "more": 1, "country": "XX"}
    refused = await codes(stack, user, "POST", "/lead-sources", extra)
    assert set(refused) == {"/origins/0", "/origins/1", "/redirects/0", "/more", "/country"}


async def test_what_a_source_names_has_to_be_there(stack: Stack):
    user = await holder(stack)
    wrong: dict[str, Any] = {
        "groups": ["none"],
        "automation": "none",
        "reply": {"channel": "sms", "template": "none", "gateway": "nowhere"},
        "consents": [
            {"purpose": "none", "channels": ["sms"]},
            {"purpose": "transactional", "channels": ["sms"]},
        ],
        "notify": {"emails": ["a@elsewhere.example"], "by": "country", "countries": {"DE": ["b@elsewhere.example"]}},
    }
    assert await codes(stack, user, "POST", "/lead-sources", FORM | wrong) == {
        "/groups/0": "group_unknown",
        "/automation": "automation_unknown",
        "/reply/template": "template_unknown",
        "/reply/gateway": "gateway_not_found",
        "/consents/0/purpose": "purpose_unknown",
        "/consents/1/purpose": "purpose_unknown",
        "/notify/emails/0": "notify_recipient",
        "/notify/countries/DE/0": "notify_recipient",
    }
    await published(stack, user, flow(sms()))
    await data(stack, user, "POST", "/groups", {"name": "Leads"})
    named = {
        "groups": ["leads"],
        "automation": "welcome",
        "consents": [{"purpose": "marketing", "channels": ["sms"], "disclaimer": "box"}],
    }
    made = await new_source(stack, user, FORM | named)
    assert {name: made[name] for name in ("groups", "automation")} == {"groups": ["leads"], "automation": "welcome"}
    await data(stack, user, "POST", "/automations/welcome/archive")
    renamed = await data(stack, user, "PATCH", f"/lead-sources/{made['id']}", {"name": "Site"})
    assert (renamed["name"], renamed["key"], renamed["automation"]) == ("Site", "web-site", "welcome")


async def test_a_token_is_given_again_when_what_it_is_for_or_where_it_is_sent_changes(stack: Stack):
    user = await holder(stack)
    meta, linkedin = [await new_source(stack, user, body) for body in (META, LINKEDIN)]
    for made, change, secret in (
        (meta, {"page_id": "509"}, {"token"}),
        (meta, {"api_url": "https://graph.example.com"}, {"token"}),
        (linkedin, {"owner": "urn:li:organization:1"}, {"token"}),
        (linkedin, {"api_url": "https://li.example.com"}, {"token", "client_secret"}),
    ):
        path = f"/lead-sources/{made['id']}"
        wanted = {f"/credentials/{name}": "secret_needed" for name in secret}
        assert await codes(stack, user, "PATCH", path, change) == wanted
        given = {"credentials": dict.fromkeys(secret, "another-secret")}
        await data(stack, user, "PATCH", path, change | given)
    await data(stack, user, "PATCH", f"/lead-sources/{meta['id']}", {"page_id": "509", "tags": ["new"]})
    assert (await credentials(stack, meta))["token"] == "another-secret"


async def test_another_address_of_the_api_is_https_or_a_host_that_the_install_allows(own_stack: Stack):
    stack = own_stack
    user = await holder(stack)
    there = META | {"api_url": "http://127.0.0.1:8080/graph/"}
    assert await codes(stack, user, "POST", "/lead-sources", there) == {"/api_url": "https_required"}
    await (await admin(stack)).data("PATCH", "/settings", {"private_call_hosts": ["127.0.0.1:8080"]})
    assert (await new_source(stack, user, there))["api_url"] == "http://127.0.0.1:8080/graph"
    for url in ("ftp://example.com", "https://u:p@example.com", "https://example.com?a=1", "https://", "https://a b"):
        refused = await codes(stack, user, "POST", "/lead-sources", META | {"api_url": url})
        assert set(refused) == {"/api_url"}


async def test_a_new_token_resumes_a_parked_source_and_has_its_leads_be_looked_at(stack: Stack):
    user = await holder(stack)
    made = await new_source(stack, user, META)
    source = await stored(stack, made)
    await waiting_lead(stack, made)
    assert await sources.park(stack.pool, source.id, source.edition, "token_expired", "Log in again.")
    path = f"/lead-sources/{made['id']}"
    found = await data(stack, user, "GET", path)
    assert (found["state"], found["waiting"]) == ("parked", 1)
    assert (found["parked"]["code"], found["parked"]["reason"]) == ("token_expired", "Log in again.")
    same = await data(stack, user, "PATCH", path, {"tags": ["new"]})
    assert same["state"] == "parked"
    found = await data(stack, user, "PATCH", path, {"credentials": {"token": "EAAB-token-2"}})
    assert (found["state"], found["parked"]) == ("active", None)
    assert source.id in [id_ for id_, _ in await sources.due(stack.pool)]
    assert not await sources.park(stack.pool, source.id, source.edition, "token_expired", "of the token before")


async def test_a_source_is_parked_resumed_disabled_and_enabled_by_hand(stack: Stack):
    user = await holder(stack)
    made = await new_source(stack, user, META)
    path = f"/lead-sources/{made['key']}"
    parked = await data(stack, user, "POST", f"{path}/park", {"reason": "stock is out"})
    assert (parked["state"], parked["parked"]["code"], parked["parked"]["reason"]) == (
        "parked",
        "by_hand",
        "stock is out",
    )
    assert_error(await call(stack, user, "POST", f"{path}/park"), 409, "lead_source_state")
    assert (await data(stack, user, "POST", f"{path}/resume"))["state"] == "active"
    assert (await data(stack, user, "PATCH", path, {"enabled": False}))["state"] == "disabled"
    for what in ("park", "resume", "backfill"):
        assert_error(await call(stack, user, "POST", f"{path}/{what}"), 409, "lead_source_state")
    assert (await data(stack, user, "PATCH", path, {"enabled": True}))["state"] == "active"


async def test_missed_leads_are_looked_for_since_a_time(stack: Stack):
    user = await holder(stack)
    made = await new_source(stack, user, META)
    async with stack.pool.connection() as conn:
        await conn.execute("update lead_sources set backfilled_at = now() where id = %s", (made["id"],))
    since = datetime.now(UTC) - timedelta(days=3)
    path = f"/lead-sources/{made['id']}/backfill"
    found = await data(stack, user, "POST", path, {"since": since.isoformat()})
    assert datetime.fromisoformat(found["backfilled_at"]) == since
    assert UUID(made["id"]) in [id_ for id_, _ in await sources.due(stack.pool)]
    assert await codes(stack, user, "POST", path, {"since": "2999-01-01T00:00:00Z"}) == {"/since": "since"}
    form = await new_source(stack, user, FORM)
    assert_error(await call(stack, user, "POST", f"/lead-sources/{form['id']}/backfill"), 409, "lead_source_kind")


async def test_who_read_an_older_state_changes_nothing(stack: Stack):
    user = await holder(stack)
    made = await new_source(stack, user, FORM)
    path = f"/api/lead-sources/{made['id']}"
    tag = (await stack.http.get(path, headers=user.headers)).headers["etag"]
    headers = user.headers | {"If-Match": tag}
    assert (await stack.http.patch(path, json={"name": "Site"}, headers=headers)).status_code == 200
    assert_error(await stack.http.patch(path, json={"name": "Page"}, headers=headers), 412, "changed_meanwhile")
    assert_error(await stack.http.delete(path, headers=headers), 412, "changed_meanwhile")


async def test_a_dry_run_and_a_repeat_make_no_second_source(stack: Stack):
    user = await holder(stack)
    assert (await call(stack, user, "POST", "/lead-sources?dry_run=true", GOOGLE)).json()["dry_run"] is True
    headers = user.headers | {"Idempotency-Key": "one"}
    first, second = [await stack.http.post("/api/lead-sources", json=GOOGLE, headers=headers) for _ in range(2)]
    assert first.content == second.content
    assert len((await call(stack, user, "GET", "/lead-sources")).json()["data"]) == 1
    assert_error(await call(stack, user, "POST", "/lead-sources", GOOGLE), 409, "lead_source_taken")


async def test_who_may_send_changes_sources_and_who_has_contacts_reads_them(stack: Stack):
    user = await holder(stack)
    made = await new_source(stack, user, FORM)
    reader = await key_with(stack, user, "contacts", "read")
    assert (await data(stack, reader, "GET", f"/lead-sources/{made['id']}"))["id"] == made["id"]
    assert_error(await call(stack, reader, "POST", "/lead-sources", GOOGLE), 403, "scope_missing")
    stranger = await holder(stack)
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/park"), ("POST", "/resume")):
        answer = await call(
            stack, stranger, method, f"/lead-sources/{made['id']}{path}", {} if method != "GET" else None
        )
        assert_error(answer, 404, "lead_source_not_found")


async def test_changes_are_in_the_audit_log_without_credentials(stack: Stack):
    user = await holder(stack)
    made = await new_source(stack, user, META)
    await data(
        stack, user, "PATCH", f"/lead-sources/{made['id']}", {"credentials": {"token": "EAAB-token-2"}, "tags": ["a"]}
    )
    found = await (await admin(stack)).call("GET", f"/audit?target=lead_source:{made['id']}")
    assert "lead_source.changed" in found.text
    assert "EAAB" not in found.text
