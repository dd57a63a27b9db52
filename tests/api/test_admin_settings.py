"""Settings of the whole install over the admin API."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from services.settings.current import CurrentSettings
from services.system_mail import sending
from store.settings import install_settings
from tests.api.admin import Staff, admin
from tests.api.answers import assert_error
from tests.gateways.fake_smtp import mail_server
from tests.stack import Stack, serve_api

FRENCH = {"number": "+33612345678", "body": "Hi"}
AMERICAN = {"number": "+14155550123", "body": "Hi"}
CANADIAN = {"number": "+14165550123", "body": "Hi"}
LATER = {"schedule_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
MAIL = {"host": "127.0.0.1", "security": "none", "from_address": "shop@example.org", "allow_private_network": True}


@pytest_asyncio.fixture
async def staff(stack: Stack) -> AsyncIterator[Staff]:
    """The admin of an install whose settings are as they were afterwards."""
    owner = await admin(stack)
    before = (await owner.data("GET", "/settings"))["sources"]
    assert "stored" not in before.values()
    yield owner
    found = await owner.data("GET", "/settings")
    await owner.data("PATCH", "/settings", dict.fromkeys(found.keys() - {"sources", "managed_by"}))


async def test_seed_row_edit_global_settings(stack: Stack, staff: Staff):
    """The row of the page this product started from, over HTTP alone."""
    found = await staff.data("GET", "/settings")
    assert (found["public_url"], found["unknown_days"], found["branding"]["product_name"]) == (None, 7.0, "xsender")
    wanted = {
        "public_url": "https://send.example.com/",
        "branding": {"product_name": "Acme", "logo_url": "https://example.com/logo.png", "colour": "#0a7d4f"},
        "default_time_zone": "Europe/Berlin",
        "allowed_countries": ["fr", "DE", "DE"],
        "retention": {"keep_months": 13},
        "unknown_days": 3,
    }
    changed = await staff.data("PATCH", "/settings", wanted)
    assert changed["public_url"] == "https://send.example.com"
    assert changed["allowed_countries"] == ["DE", "FR"]
    assert changed["branding"] | {"product_name": "Acme", "colour": "#0a7d4f"} == changed["branding"]
    kept = {"keep_months": 13, "keep_attempt_months": None, "event_days": 90, "callback_days": 30}
    kept |= {"request_log_days": 7, "proof_days": 365, "inbound_days": None}
    assert (changed["retention"], changed["unknown_days"]) == (kept, 3.0)
    assert changed["sources"]["branding.colour"] == "stored"
    assert changed["sources"]["branding.footer"] == "default"
    assert await staff.data("GET", "/settings") == changed
    assert (await staff.user())["time_zone"] == "Europe/Berlin"
    put = await staff.data("PUT", "/users/by-external-id/settings-1", {"email": "s1@example.com", "name": "S"})
    assert put["time_zone"] == "Europe/Berlin"
    back = await staff.data("PATCH", "/settings", {"branding": {"colour": None}, "unknown_days": None})
    assert (back["branding"]["colour"], back["unknown_days"]) == (found["branding"]["colour"], 7.0)
    assert back["branding"]["product_name"] == "Acme"


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"default_region": "XX"}, "/default_region"),
        ({"default_time_zone": "Mars/Olympus"}, "/default_time_zone"),
        ({"allowed_countries": ["FR", "ZZ"]}, "/allowed_countries/1"),
        ({"public_url": "ftp://example.com"}, "/public_url"),
        ({"public_url": "https://example.com/?a=1"}, "/public_url"),
        ({"public_url": "https://user:secret@example.com"}, "/public_url"),
        ({"branding": {"colour": "red;}"}}, "/branding/colour"),
        ({"branding": {"product_name": "a\nb"}}, "/branding/product_name"),
        ({"branding": {"logo_url": "javascript:alert(1)"}}, "/branding/logo_url"),
        ({"branding": {"support_address": "nobody"}}, "/branding/support_address"),
        ({"branding": {"color": "#000000"}}, "/branding/color"),
        ({"retention": {"keep_months": 0}}, "/retention/keep_months"),
        ({"retention": {"keep_months": True}}, "/retention/keep_months"),
        ({"retention": {"keep_attempt_months": 0}}, "/retention/keep_attempt_months"),
        ({"retention": {"event_days": 89}}, "/retention/event_days"),
        ({"unknown_days": 0}, "/unknown_days"),
        ({"unknown_days": "3"}, "/unknown_days"),
        ({"unknown_ends_as": "lost"}, "/unknown_ends_as"),
        ({"system_mail": {"host": "mx.example.com"}}, "/system_mail/from_address"),
        ({"system_mail": MAIL | {"port": 0}}, "/system_mail/port"),
        ({"system_mail": MAIL | {"nonsense": 1}}, "/system_mail/nonsense"),
    ],
)
async def test_what_cannot_be_is_refused_at_its_place(staff: Staff, patch: dict[str, Any], pointer: str):
    answer = await staff.call("PATCH", "/settings", patch)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer, answer.text
    assert "stored" not in (await staff.data("GET", "/settings"))["sources"].values()


async def test_a_change_needs_the_settings_as_they_were_read(staff: Staff):
    tag = (await staff.call("GET", "/settings")).headers["etag"]
    await staff.data("PATCH", "/settings", {"unknown_days": 2}, If_Match=tag)
    assert_error(await staff.call("PATCH", "/settings", {"unknown_days": 3}, If_Match=tag), 412, "changed_meanwhile")


async def test_a_dry_run_writes_nothing(stack: Stack, staff: Staff):
    before = await install_settings.read(stack.pool)
    answer = await staff.call("PATCH", "/settings?dry_run=true", {"unknown_days": 2, "system_mail": MAIL})
    assert (answer.json()["dry_run"], answer.json()["data"]["unknown_days"]) == (True, 2.0)
    assert await install_settings.read(stack.pool) == before


async def test_a_change_is_logged_field_by_field_without_secrets(staff: Staff):
    secret = "hunter2-hunter2"
    mail = MAIL | {"security": "tls", "username": "me", "password": secret}
    await staff.data("PATCH", "/settings", {"branding": {"footer": "Acme Ltd"}, "system_mail": mail})
    (event,) = await staff.data("GET", "/audit?target=settings:install&limit=1")
    assert event["action"] == "settings.updated"
    changes = {change["field"]: (change["from"], change["to"]) for change in event["changes"]}
    assert changes["branding.footer"] == (None, "Acme Ltd")
    assert changes["system_mail.password"] == (None, None)
    assert secret not in str(event)


async def test_numbers_of_other_countries_are_refused_from_the_next_request_on_in_every_process(
    stack: Stack, staff: Staff
):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    async with AsyncExitStack() as opened:
        other = await opened.enter_async_context(serve_api(stack.settings))
        http = await opened.enter_async_context(httpx.AsyncClient(base_url=other, timeout=30))
        stacks = [stack, replace(stack, http=http)]
        for one in stacks:
            assert (await one.send(user, "sms", FRENCH | LATER)).status_code == 200
        for _ in range(3):
            await staff.data("PATCH", "/settings", {"allowed_countries": ["US"]})
            for one in stacks:
                refused = await one.send(user, "sms", AMERICAN | LATER, FRENCH | LATER)
                assert_error(refused, 422, "country_not_allowed", "/contact/1/number")
            await staff.data("PATCH", "/settings", {"allowed_countries": None})
            for one in stacks:
                assert (await one.send(user, "sms", FRENCH | LATER)).status_code == 200


async def test_a_plan_allows_fewer_countries_than_the_install(stack: Stack, staff: Staff):
    plan = await staff.data("POST", "/plans", {"name": uuid4().hex, "allowed_countries": ["fr", "US"]})
    assert plan["allowed_countries"] == ["FR", "US"]
    user = await stack.user()
    await staff.data("PUT", f"/users/{user.id}/plan", {"plan": plan["id"]})
    await stack.gateway(user.id, "sms", "sandbox", {})
    german = {"number": "+4915112345678", "body": "Hi"}
    assert_error(await stack.send(user, "sms", german), 422, "country_not_allowed", "/contact/0/number")
    assert (await stack.send(user, "sms", FRENCH | LATER)).status_code == 200
    await staff.data("PATCH", "/settings", {"allowed_countries": ["FR", "DE"]})
    refused = await stack.send(user, "sms", german, AMERICAN)
    assert_error(refused, 422, "country_not_allowed", "/contact/0/number", "/contact/1/number")
    assert (await stack.send(user, "sms", FRENCH | LATER)).status_code == 200
    await staff.data("PATCH", "/settings", {"allowed_countries": ["DE"]})
    assert_error(await stack.send(user, "sms", FRENCH), 422, "country_not_allowed", "/contact/0/number")
    await staff.data("PATCH", f"/plans/{plan['id']}", {"allowed_countries": None})
    assert (await stack.send(user, "sms", german | LATER)).status_code == 200
    wrong = await staff.call("PATCH", f"/plans/{plan['id']}", {"allowed_countries": ["XX"]})
    assert_error(wrong, 422, "country", "/allowed_countries")


async def test_fallbacks_and_other_channels_keep_to_the_allowed_countries_too(stack: Stack, staff: Staff):
    user = await stack.user()
    await staff.data("PATCH", "/settings", {"allowed_countries": ["US"]})
    assert_error(await stack.send(user, "sms", CANADIAN), 422, "country_not_allowed", "/contact/0/number")
    whatsapp = {"number": FRENCH["number"], "message": "Hi"}
    assert_error(await stack.send(user, "whatsapp", whatsapp), 422, "country_not_allowed", "/contact/0/number")
    step = {"channel": "sms", "after": "10m", **FRENCH}
    fallback = {"email": "ada@example.com", "subject": "Hi", "message": "Hi", "fallback": [step]}
    refused = await stack.send(user, "email", fallback)
    assert_error(refused, 422, "country_not_allowed", "/contact/0/fallback/0/number")


async def test_the_default_region_is_the_accounts_then_the_stored_then_that_of_the_environment(
    stack: Stack, staff: Staff
):
    user, national = await stack.user(), {"number": "0612345678", "body": "Hi", **LATER}
    await stack.gateway(user.id, "sms", "sandbox", {})
    assert_error(await stack.send(user, "sms", national), 422, "number_without_country", "/contact/0/number")
    await staff.data("PATCH", "/settings", {"default_region": "FR"})
    (item,) = (await stack.send(user, "sms", national)).json()["data"]
    assert item["to"] == "+33612345678"
    settings = stack.settings.model_copy(update={"default_region": "NL"})
    async with serve_api(settings) as url, httpx.AsyncClient(base_url=url, timeout=30) as http:
        dutch = replace(staff, stack=replace(stack, http=http))
        assert (await dutch.data("GET", "/settings"))["sources"]["default_region"] == "stored"
        found = await dutch.data("PATCH", "/settings", {"default_region": None})
        assert (found["default_region"], found["sources"]["default_region"]) == ("NL", "environment")
        assert (await dutch.stack.send(user, "sms", national)).status_code == 200


async def test_without_a_change_the_settings_are_not_read_again(stack: Stack, staff: Staff, monkeypatch):
    current, reads = CurrentSettings(stack.pool, {"unknown_days": 9.0}), 0
    read = install_settings.read

    async def counted(*args: Any, **more: Any) -> install_settings.StoredSettings:
        nonlocal reads
        reads += 1
        return await read(*args, **more)

    monkeypatch.setattr(install_settings, "read", counted)
    version = (await read(stack.pool)).version
    for _ in range(3):
        assert (await current.at(version)).unknown_days == 9.0
        assert (await current.recent()).unknown_days == 9.0
    assert reads == 1
    assert (await current.at(version - 1)).unknown_days == 9.0  # of a look-up that began before
    assert reads == 2


async def test_what_a_newer_release_stored_does_not_stop_this_one(stack: Stack, staff: Staff):
    newer = {"later": 1, "branding": {"later": 2, "footer": "Hi"}, "default_time_zone": "Moon/Base"}
    await install_settings.write(stack.pool, newer)
    found = await staff.data("GET", "/settings")
    assert (found["branding"]["footer"], found["default_time_zone"]) == ("Hi", "Moon/Base")
    await install_settings.write(stack.pool, {})


async def test_the_system_sends_a_test_mail_in_the_installs_own_look(stack: Stack, staff: Staff):
    test = {"to": "ada@example.com"}
    assert_error(await staff.call("POST", "/settings/system-mail/test", test), 409, "system_mail_missing")
    async with mail_server() as room:
        mail = MAIL | {"port": room.port}
        branding = {"product_name": "Acme <&>", "footer": "Acme Ltd", "colour": "#0a7d4f"}
        found = await staff.data("PATCH", "/settings", {"system_mail": mail, "branding": branding})
        assert found["system_mail"] == mail
        answer = await staff.data("POST", "/settings/system-mail/test", test)
        assert (answer["to"], answer["outcome"]) == ("ada@example.com", "accepted")
        (sent,) = room.mails
    assert (sent["To"], sent["From"].addresses[0].display_name) == ("ada@example.com", "Acme <&>")
    text, html = (sent.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "Acme <&>" in text
    assert "Acme Ltd" in text
    assert "Acme &lt;&amp;&gt;" in html
    assert "#0a7d4f" in html
    (event,) = await staff.data("GET", "/audit?action=settings.mail_tested&limit=1")
    assert "ada@example.com" not in str(event)


async def test_a_password_that_is_stored_goes_to_no_other_server(staff: Staff):
    mail = MAIL | {"security": "tls", "username": "me", "password": "hunter2-hunter2"}
    found = await staff.data("PATCH", "/settings", {"system_mail": mail})
    assert found["system_mail"]["password"] == {"set": True}
    elsewhere = {"system_mail": {"host": "mx.example.net"}}
    assert_error(await staff.call("PATCH", "/settings", elsewhere), 422, "secret_needed", "/system_mail/password")
    renamed = await staff.data("PATCH", "/settings", {"system_mail": {"from_name": "Acme"}})
    assert renamed["system_mail"] == found["system_mail"] | {"from_name": "Acme"}


async def test_test_mails_are_bounded(stack: Stack, staff: Staff, monkeypatch):
    async def later(pool: Any) -> float:
        return 7.0

    monkeypatch.setattr("api.admin.install.settings.take_test_turn", later)
    await staff.data("PATCH", "/settings", {"system_mail": MAIL})
    answer = await staff.call("POST", "/settings/system-mail/test", {"to": "ada@example.com"})
    assert_error(answer, 429, "rate_limited")
    assert answer.headers["retry-after"] == "7"
    assert sending.TEST_RATE.burst == 5
