"""Log-in of staff at a provider of identities: honest ones, and those that lie."""

import asyncio
import html
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import Response
from joserfc.jwk import OctKey, RSAKey

from domain.access.oidc import Refusal
from domain.keyring import CREDENTIALS, Keyring
from gateways.oidc import LEEWAY
from panel.signing_in import words
from services.settings.current import RECENT_SECONDS
from store.access import oidc
from tests.api.admin import ADMIN, Staff, admin
from tests.api.answers import assert_error
from tests.api.doubles import identity_provider as double
from tests.api.doubles.identity_provider import CLIENT, SECRET, Provider, identity_provider
from tests.api.log_in import Session, member
from tests.stack import Stack, new_client, serve_api

ROLES = [
    {"group": "owners", "role": "owner"},
    {"group": "help", "role": "support"},
    {"group": "all", "role": "read-only"},
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def owner(stack: Stack) -> AsyncIterator[Staff]:
    """The admin of an install that knows its address."""
    staff = await admin(stack)
    await staff.data("PATCH", "/settings", {"public_url": stack.url})
    await asyncio.sleep(RECENT_SECONDS * 1.1)  # those of a second ago may still hold
    yield staff
    await staff.data("PATCH", "/settings", {"public_url": None})


@pytest_asyncio.fixture
async def provider(stack: Stack, owner: Staff) -> AsyncIterator[Provider]:
    async with identity_provider() as running:
        await owner.data("PATCH", "/oidc", config(running))
        yield running
        await owner.data("PATCH", "/oidc", {"enabled": False})


def config(provider: Provider, **more: Any) -> dict[str, Any]:
    base = {"issuer": provider.url, "client_id": CLIENT, "client_secret": SECRET, "roles": ROLES, "enabled": True}
    return base | {"group_claim": "groups", "email_domains": [], "allow_private_network": True} | more


def browser(stack: Stack) -> httpx.AsyncClient:
    """With cookies of its own."""
    return new_client(stack.url)


async def at_provider(http: httpx.AsyncClient, query: str = "") -> str:
    """Begin, log in at the provider, and return the address that it sends the browser back to."""
    begun = await http.get(f"/api/auth/oidc/start{query}")
    assert begun.status_code == 303, begun.text
    return (await http.get(begun.headers["location"])).headers["location"]


async def log_in(stack: Stack) -> httpx.Response:
    async with browser(stack) as http:
        return await http.get(await at_provider(http))


async def begin(stack: Stack) -> Session:
    answer = await log_in(stack)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/panel/"), answer.text
    return Session(stack, answer.cookies["xsender_session"])


async def test_the_first_log_in_makes_a_member_with_the_role_of_its_group(
    stack: Stack, owner: Staff, provider: Provider
):
    email = provider.somebody("unknown", "help", "all")
    session = await begin(stack)
    me = await session.data("GET", "/api/auth/me")
    assert (me["email"], me["name"], me["role"]) == (email, "Olga", "support")
    assert (await session.call("GET", f"{ADMIN}/users")).status_code == 200
    assert (await session.call("POST", f"{ADMIN}/users", {})).status_code == 403
    (event,) = await owner.data("GET", f"/audit?target=staff:{me['id']}")
    assert (event["actor"]["type"], event["changes"][0]["to"]) == ("system", "support")
    again = await (await begin(stack)).data("GET", "/api/auth/me")
    assert again["id"] == me["id"]


async def test_later_log_ins_give_the_role_of_the_groups_and_no_more(stack: Stack, owner: Staff, provider: Provider):
    await owner.colleague("owner")
    provider.somebody("owners")
    session = await begin(stack)
    assert (await session.data("GET", "/api/auth/me"))["role"] == "owner"
    provider.person["groups"] = ["all"]
    less = await begin(stack)
    assert (await less.data("GET", "/api/auth/me"))["role"] == "read-only"
    assert (await session.call("GET", f"{ADMIN}/staff")).status_code == 403, "older sessions, too"
    me = await less.data("GET", "/api/auth/me")
    await owner.data("PATCH", f"/staff/{me['id']}", {"role": "admin"})
    assert (await (await begin(stack)).data("GET", "/api/auth/me"))["role"] == "read-only"


async def test_who_lost_all_groups_loses_everything_and_may_come_back(stack: Stack, owner: Staff, provider: Provider):
    provider.somebody("help")
    session = await begin(stack)
    id_ = (await session.data("GET", "/api/auth/me"))["id"]
    key = (await owner.data("POST", "/keys", {"staff": id_}))["key"]
    for groups in ([], ["none"], "nothing", None, [1, None, {}]):
        provider.person["groups"] = groups
        assert_error(await log_in(stack), 401, "oidc_refused")
        assert (await session.call("GET", "/api/auth/me")).status_code == 401
        assert (await stack.http.get(f"{ADMIN}/users", headers={"Api-key": key})).status_code == 401
    provider.person["groups"] = "help"
    back = await (await begin(stack)).data("GET", "/api/auth/me")
    assert (back["role"], back["id"] != id_) == ("support", True)


async def test_who_was_removed_here_stays_out(stack: Stack, owner: Staff, provider: Provider):
    provider.somebody("help")
    me = await (await begin(stack)).data("GET", "/api/auth/me")
    await owner.data("DELETE", f"/staff/{me['id']}")
    assert "removed" in assert_error(await log_in(stack), 401, "oidc_refused")["message"]


async def test_the_last_owner_stays(stack: Stack, owner: Staff, provider: Provider):
    provider.somebody("owners")
    me = await (await begin(stack)).data("GET", "/api/auth/me")
    async with stack.pool.connection() as conn:
        await conn.execute(
            """update staff set expires_at = now() + interval '1 h'
               where role = 'owner' and id <> %s and expires_at is null""",
            (me["id"],),
        )
    try:
        provider.person["groups"] = ["help"]
        assert_error(await log_in(stack), 409, "last_owner")
        provider.person["groups"] = []
        assert_error(await log_in(stack), 401, "oidc_refused")
        assert (await owner.data("GET", f"/staff/{me['id']}"))["role"] == "owner"
    finally:
        async with stack.pool.connection() as conn:
            await conn.execute("update staff set expires_at = null where role = 'owner'")


async def test_a_member_of_this_address_is_the_same_person(stack: Stack, owner: Staff, provider: Provider):
    person = await member(owner, "admin")
    provider.somebody("help", email=person.email)
    me = await (await begin(stack)).data("GET", "/api/auth/me")
    assert (me["id"], me["role"]) == (person.id, "support")
    provider.person |= {"sub": uuid4().hex}
    assert_error(await log_in(stack), 409, "email_taken")


@pytest.mark.parametrize(
    ("person", "domains", "is_accepted"),
    [
        ({}, [], True),
        ({"email_verified": False}, [], False),
        ({"email_verified": "true"}, [], False),
        ({"email_verified": None}, [], False),
        ({"email_verified": None}, ["example.com"], True),
        ({"email_verified": False}, ["example.com"], False),
        ({}, ["example.org"], False),
        ({"email": "a@sub.example.com"}, ["example.com"], False),
        ({"email": "a@EXAMPLE.com"}, ["Example.Com"], True),
        ({"email": None}, [], False),
        ({"email": 7}, [], False),
        ({"sub": None}, [], False),
        ({"sub": ""}, [], False),
        ({"sub": 7}, [], False),
        ({"sub": "x" * 256}, [], False),
        ({"name": None}, [], True),
        ({"name": {"a": 1}}, [], True),
    ],
)
async def test_which_addresses_are_accepted(
    stack: Stack, owner: Staff, provider: Provider, person: dict, domains: list[str], is_accepted: bool
):
    await owner.data("PATCH", "/oidc", {"email_domains": domains})
    provider.somebody("help")
    provider.claims = {**person}
    if "email" in person and isinstance(person["email"], str):
        provider.claims["email"] = uuid4().hex + person["email"]
    answer = await log_in(stack)
    assert answer.status_code == (303 if is_accepted else 401), answer.text


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": 7},
        {"aud": "somebody-else"},
        {"aud": ["somebody-else", CLIENT]},
        {"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"},
        {"aud": None},
        {"azp": "somebody-else"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"iat": 4_000_000_000},
        {"iat": None},
    ],
    ids=str,
)
async def test_a_token_for_somebody_else_is_refused(stack: Stack, provider: Provider, claims: dict):
    provider.somebody("owners")
    provider.claims = claims
    assert_error(await log_in(stack), 401, "oidc_refused")


async def test_clocks_may_differ_a_little(stack: Stack, provider: Provider):

    provider.somebody("help")
    provider.claims = {"exp": time.time() - LEEWAY / 2, "iat": time.time() + LEEWAY / 2}
    assert (await log_in(stack)).status_code == 303
    provider.claims = {"exp": time.time() - LEEWAY - 5}
    assert_error(await log_in(stack), 401, "oidc_refused")


@pytest.mark.parametrize(
    "sign",
    [
        double.unsigned,
        double.signed_with_the_public_key,
        double.signed_by_somebody_else,
        double.changed_afterwards,
        double.with_a_key_of_its_own,
        lambda provider, claims: "",
        lambda provider, claims: "a.b.c",
        lambda provider, claims: provider.signed(claims).rpartition(".")[0] + ".",
    ],
)
async def test_a_token_that_the_provider_did_not_sign_is_refused(stack: Stack, provider: Provider, sign: Any):
    provider.somebody("owners")
    provider.sign = sign
    assert_error(await log_in(stack), 401, "oidc_refused")


async def test_a_shared_secret_among_the_keys_is_not_used(stack: Stack, provider: Provider):
    from joserfc import jwt

    shared = OctKey.import_key("everybody knows this one, it is shown", {"kid": "shared"})
    provider.shown_keys = [shared.as_dict(private=True), {"kty": "new"}, "none", provider.key.as_dict(private=False)]
    provider.somebody("owners")
    provider.sign = lambda _, claims: jwt.encode({"alg": "HS256", "kid": "shared"}, claims, shared)
    assert_error(await log_in(stack), 401, "oidc_refused")
    provider.sign = None
    assert (await log_in(stack)).status_code == 303, "the others are, whatever else is shown"


async def test_a_replaced_key_counts_at_once(stack: Stack, provider: Provider):
    provider.somebody("help")
    assert (await log_in(stack)).status_code == 303
    provider.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
    assert (await log_in(stack)).status_code == 303


async def test_a_code_works_once_even_if_the_provider_is_careless(stack: Stack, provider: Provider):
    provider.somebody("help")
    provider.is_careless = True
    async with browser(stack) as http:
        back = await at_provider(http)
        cookies = dict(http.cookies)
        answers = await asyncio.gather(
            *(stack_get(stack, back, cookies) for _ in range(4)),
        )
    assert sorted(answer.status_code for answer in answers) == [303, 401, 401, 401]
    assert provider.requests == ["token"]


async def stack_get(stack: Stack, url: str, cookies: dict[str, str]) -> httpx.Response:
    async with new_client(stack.url, cookies) as http:
        return await http.get(url)


async def test_nobody_ends_in_somebody_elses_log_in(stack: Stack, provider: Provider):
    """A link with a code of the attacker's logs nobody in, with the cookie of another log-in or without one."""
    provider.somebody("help")
    async with browser(stack) as attacker, browser(stack) as victim, browser(stack) as without:
        link = await at_provider(attacker)
        await victim.get("/api/auth/oidc/start")
        for http in (without, victim):
            answer = await http.get(link)
            assert_error(answer, 401, "oidc_refused")
            assert "xsender_session" not in answer.cookies
    assert provider.requests == []


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?state=x", "?error=access_denied", "?code=x&state=y", "?code=%00&state=x"]
)
async def test_coming_back_with_something_else(stack: Stack, provider: Provider, query: str):
    async with browser(stack) as http:
        await http.get("/api/auth/oidc/start")
        answer = await http.get(f"/api/auth/oidc/callback{query}")
    assert answer.status_code in (401, 422), answer.text


async def test_a_log_in_that_took_too_long_is_over(stack: Stack, provider: Provider):
    provider.somebody("help")
    async with browser(stack) as http:
        back = await at_provider(http)
        async with stack.pool.connection() as conn:
            await conn.execute("update oidc_log_ins set created_at = now() - interval '11 minutes'")
        assert_error(await http.get(back), 401, "oidc_refused")


@pytest.mark.parametrize(
    "lie",
    [
        {"configuration": {"issuer": "https://evil.example"}},
        {"configuration": {"token_endpoint": None}},
        {"configuration": {"token_endpoint": "file:///etc/passwd"}},
        {"configuration": {"jwks_uri": "http://169.254.169.254/latest"}},
        {"configuration": {"jwks_uri": "not an address"}},
        {"token_answer": Response(status_code=500)},
        {"token_answer": Response(b"<html>", 200)},
        {"token_answer": Response(b"[]", 200)},
        {"token_answer": Response(b'{"id_token": 7}', 200)},
        {"token_answer": Response(status_code=302, headers={"location": "http://169.254.169.254/"})},
        {"shown_keys": []},
    ],
    ids=lambda lie: next(
        (f"{one.status_code} {one.body!r}" for one in lie.values() if isinstance(one, Response)), str(lie)
    ),
)
async def test_a_provider_that_answers_nonsense_logs_nobody_in(stack: Stack, provider: Provider, lie: dict):
    provider.somebody("owners")
    async with browser(stack) as http:
        back = await at_provider(http)
        for name, value in lie.items():
            setattr(provider, name, value)
        answer = await http.get(back)
    assert answer.status_code in (401, 503), answer.text
    assert "xsender_session" not in answer.cookies
    assert "169.254" not in answer.text


async def test_a_provider_that_is_away(stack: Stack, owner: Staff):
    async with identity_provider() as gone:
        await owner.data("PATCH", "/oidc", config(gone))
    assert_error(await stack.http.get("/api/auth/oidc/start"), 503, "oidc_unavailable")
    await owner.data("PATCH", "/oidc", {"enabled": False})
    assert_error(await stack.http.get("/api/auth/oidc/start"), 404, "oidc_off")


async def test_private_networks_need_to_be_allowed(stack: Stack, owner: Staff, provider: Provider):
    answer = await owner.call("PATCH", "/oidc", {"allow_private_network": False})
    assert answer.status_code == 422, "an issuer without https is one of a private network"
    far = {"issuer": "https://127.0.0.1:8443", "client_secret": SECRET, "allow_private_network": False}
    await owner.data("PATCH", "/oidc", far)
    refused = assert_error(await stack.http.get("/api/auth/oidc/start"), 503, "oidc_unavailable")
    assert "not allowed" in refused["message"]


async def test_the_secret_is_sealed_and_goes_to_no_other_issuer(stack: Stack, owner: Staff, provider: Provider):
    shown = await owner.data("GET", "/oidc")
    assert shown["client_secret"] == {"set": True}
    moved = await owner.call("PATCH", "/oidc", {"issuer": "https://evil.example"})
    assert_error(moved, 422, "secret_needed", "/client_secret")
    async with stack.pool.connection() as conn:
        for table in ("oidc", "audit_events", "request_log", "idempotency_keys"):
            rows = str(await (await conn.execute(f"select r::text from {table} r")).fetchall())  # type: ignore[arg-type]
            assert SECRET not in rows
    ring = Keyring.parse(stack.settings.keys.get_secret_value(), CREDENTIALS)
    assert await oidc.reseal_all(stack.pool, ring) == 1
    provider.somebody("help")
    await begin(stack)


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"issuer": "ftp://x.example"}, "/issuer"),
        ({"issuer": "https://u:p@x.example"}, "/issuer"),
        ({"issuer": "https://x.example?a=1"}, "/issuer"),
        ({"issuer": "http://x.example", "allow_private_network": False}, ""),
        ({"client_id": ""}, "/client_id"),
        ({"client_id": "a\nb"}, "/client_id"),
        ({"email_domains": ["a@example.com"]}, "/email_domains/0"),
        ({"roles": [{"group": "", "role": "support"}]}, "/roles/0/group"),
        ({"issuer": None}, "/issuer"),
    ],
    ids=str,
)
async def test_configurations_that_cannot_be(owner: Staff, provider: Provider, patch: dict, pointer: str):
    answer = await owner.call("PATCH", "/oidc", {"client_secret": SECRET} | patch)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_nobody_maps_a_group_to_more_than_they_may(stack: Stack, owner: Staff, provider: Provider):
    role = f"helper-{uuid4().hex[:8]}"
    await owner.data("PUT", f"/roles/{role}", {"permissions": ["settings:read", "settings:write", "users:read"]})
    helper = await owner.colleague(role)
    assert_error(await helper.call("PATCH", "/oidc", {"roles": [{"group": "g", "role": "owner"}]}), 403, "grant_denied")
    assert_error(await helper.call("PATCH", "/oidc", {"client_id": "mine"}), 403, "grant_denied")
    none = await owner.call("PATCH", "/oidc", {"roles": [{"group": "g", "role": "no-such-role"}]})
    assert_error(none, 404, "role_not_found")


async def test_a_second_factor_is_the_providers_business(stack: Stack, owner: Staff, provider: Provider):
    provider.somebody("help")
    session = await begin(stack)
    me = await session.data("GET", "/api/auth/me")
    await owner.data("PATCH", f"/staff/{me['id']}", {"totp_required": True})
    assert (await session.call("GET", f"{ADMIN}/users")).status_code == 200


async def test_any_process_ends_what_another_began(stack: Stack, provider: Provider):
    provider.somebody("help")
    async with serve_api(stack.settings) as url, browser(stack) as http:
        back = await at_provider(http)
        answer = await stack_get(stack, back.replace(stack.url, url), dict(http.cookies))
        assert answer.status_code == 303, answer.text


async def test_refused_log_ins_are_logged(stack: Stack, owner: Staff, provider: Provider):
    provider.somebody("none")
    await log_in(stack)
    (event,) = await owner.data("GET", "/audit?actor=unknown:unknown&outcome=denied&limit=1")
    assert (event["action"], event["metadata"]["with"]) == ("session.begun", "oidc")
    assert "groups" in event["metadata"]["denied"]


@pytest.mark.parametrize(
    ("error", "told"), [("access_denied", " (access_denied)"), ("invalid_scope", " (invalid_scope)"), ("<b>no", "")]
)
async def test_a_refusal_of_the_provider_is_told_by_its_name(stack: Stack, provider: Provider, error: str, told: str):
    answer = await stack_get(stack, f"{stack.url}/api/auth/oidc/callback?error={error}", {})
    assert assert_error(answer, 401, "oidc_refused")["message"] == f"the provider refused the log-in{told}"


PAGES = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
"""What a browser accepts."""


async def refused(stack: Stack, url: str, cookies: Any = None) -> str:
    """Why a browser ends on the log-in page, which must tell it."""
    async with new_client(stack.url, cookies) as http:
        answer = await http.get(url, headers=PAGES)
        assert answer.status_code == 303, answer.text
        assert "xsender_session" not in answer.cookies
        path, _, reason = answer.headers["location"].partition("?refused=")
        assert path == "/panel/login"
        page = (await http.get(answer.headers["location"], headers=PAGES)).text
    assert words.REFUSED.get(reason, words.OTHER) in html.unescape(page)
    return reason


async def back_of(stack: Stack) -> tuple[str, Any]:
    """Where the provider sends a browser back to, with the cookies of that browser."""
    async with browser(stack) as http:
        return await at_provider(http), dict(http.cookies)


@pytest.mark.parametrize(
    ("groups", "claims", "reason"),
    [
        (["none"], {}, "no_role"),
        (["help"], {"email_verified": False}, "unverified"),
        (["help"], {"email": None}, "nameless"),
        (["help"], {"nonce": "another"}, "untrusted"),
        (["help"], {"email": "not an address"}, "email_invalid"),
    ],
)
async def test_a_browser_that_is_refused_ends_on_the_log_in_page(
    stack: Stack, provider: Provider, groups: list[str], claims: dict, reason: str
):
    provider.somebody(*groups)
    provider.claims = claims
    assert await refused(stack, *(await back_of(stack))) == reason


async def test_a_browser_is_told_whatever_else_went_wrong(stack: Stack, owner: Staff, provider: Provider):
    callback = "/api/auth/oidc/callback"
    assert await refused(stack, f"{callback}?error=access_denied") == "by_provider"
    assert await refused(stack, f"{callback}?code=x&state=y") == "not_begun"
    assert await refused(stack, f"{callback}?code=%00&state=y") not in words.REFUSED
    provider.somebody("help")
    me = await (await begin(stack)).data("GET", "/api/auth/me")
    await owner.data("DELETE", f"/staff/{me['id']}")
    assert await refused(stack, *(await back_of(stack))) == "removed"
    await owner.data("PATCH", "/oidc", {"email_domains": ["example.org"]})
    assert await refused(stack, *(await back_of(stack))) == "domain"
    back = await back_of(stack)
    await owner.data("PATCH", "/oidc", {"enabled": False})
    assert await refused(stack, *back) == "oidc_off"
    async with identity_provider() as gone:
        await owner.data("PATCH", "/oidc", config(gone))
    assert await refused(stack, "/api/auth/oidc/start") == "oidc_unavailable"


async def test_a_fault_ends_there_too_and_programs_see_none_of_it(
    stack: Stack, provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    async def broken(*_: Any) -> None:
        raise RuntimeError("a fault of ours")

    provider.somebody("help")
    back, cookies = await back_of(stack)
    monkeypatch.setattr(oidc, "end", broken)
    assert await refused(stack, back, cookies) == "internal"
    monkeypatch.undo()
    assert_error(await stack.http.get("/api/auth/oidc/callback", headers={"Accept": "*/*"}), 401, "oidc_refused")


async def test_a_link_makes_the_log_in_page_say_nothing_of_its_own(stack: Stack):
    page = (await stack.http.get("/panel/login?refused=Call+Mallory+now", headers=PAGES)).text
    assert words.OTHER in html.unescape(page)
    assert "Mallory" not in page
    assert words.OTHER not in html.unescape((await stack.http.get("/panel/login")).text)


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/panel/messages?state=failed&channel=sms", "/panel/messages?state=failed&channel=sms"),
        ("/panel/login", "/panel/"),
        ("/api/messages", "/panel/"),
        ("https://example.com/panel/", "/panel/"),
        ("//example.com/panel/", "/panel/"),
        ("/panel/\\example.com", "/panel/"),
    ],
)
async def test_a_browser_reaches_the_page_of_ours_that_it_wanted(stack: Stack, provider: Provider, wanted, reached):
    query = "?" + urlencode({"next": wanted})
    page = html.unescape((await stack.http.get(f"/panel/login{query}", headers=PAGES)).text)
    assert f'href="/api/auth/oidc/start?next={quote(reached)}"' in page
    async with browser(stack) as http:
        provider.somebody("none")
        led = (await http.get(await at_provider(http, query), headers=PAGES)).headers["location"]
        assert dict(parse_qsl(urlsplit(led).query)).get("next", "/panel/") == reached
        provider.somebody("help")
        assert (await http.get(await at_provider(http, query))).headers["location"] == reached


async def test_an_address_too_long_for_a_cookie_keeps_nobody_out(stack: Stack, provider: Provider):
    provider.somebody("help")
    async with browser(stack) as http:
        back = await at_provider(http, "?" + urlencode({"next": "/panel/messages?q=" + "ä" * 1000}))
        assert len(str(http.cookies["xsender_oidc"])) < 4000
        assert (await http.get(back)).headers["location"] == "/panel/"


def test_every_reason_has_words():
    assert [one for one in Refusal if one not in words.REFUSED] == []


async def test_what_is_wrong_with_a_configuration_is_said_in_plain_words(owner: Staff):
    for more in ({"issuer": "http://x"}, {"issuer": "ftp://x"}, {"email_domains": ["a@b"]}):
        patch = {"issuer": "https://x", "client_id": "x", "client_secret": "y", "allow_private_network": False} | more
        answer = await owner.call("PATCH", "/oidc", patch)
        assert (answer.status_code, "Value error" in answer.text) == (422, False), answer.text


async def test_whoever_has_not_logged_in_is_told_whether_there_is_a_provider(
    stack: Stack, provider: Provider, owner: Staff
):
    async def is_on() -> bool:
        answer = await stack.http.get("/api/auth/oidc")
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"].keys() == {"enabled"}
        return bool(answer.json()["data"]["enabled"])

    assert await is_on()
    assert "/api/auth/oidc/start" in (await stack.http.get("/panel/login")).text
    await owner.data("PATCH", "/oidc", {"enabled": False})
    assert not await is_on()
    assert "/api/auth/oidc/start" not in (await stack.http.get("/panel/login")).text
    assert_error(await stack.http.get("/api/auth/oidc?provider=1"), 422, "query_unknown", "/provider")
