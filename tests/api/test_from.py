"""Emails from an account's own domains: accepted, routed, signed, and stopped once the domain is lost."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import dkim
import pytest

from tests.api.answers import EMAIL, SMS, assert_error, deliveries
from tests.api.test_test_keys import sandbox_key
from tests.dns_double import Dns
from tests.gateways.fake_smtp import mail_server
from tests.sending_domains import ask, verified
from tests.stack import Stack, User


async def send(stack: Stack, user: User, contact: dict[str, Any] | None = None, **wide: Any) -> dict[str, Any]:
    answer = await stack.http.post(
        "/api/email/send", json={"contact": [EMAIL | (contact or {})], **wide}, headers=user.headers
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["data"][0]


async def refused(stack: Stack, user: User, code: str, *pointers: str, contact: Any = None, **wide: Any) -> None:
    contacts = contact if isinstance(contact, list) else [EMAIL | (contact or {})]
    answer = await stack.http.post("/api/email/send", json={"contact": contacts, **wide}, headers=user.headers)
    assert_error(answer, 422, code, *pointers)


async def froms(stack: Stack, uid: str) -> list[str | None]:
    return [one.get("from") for one in await deliveries(stack, uid)]


async def sender(stack: Stack, dns: Dns) -> tuple[User, str]:
    """A user with a verified domain, and a gateway that sends from it."""
    user = await stack.user()
    await stack.gateway(user.id, "email", "sandbox", {}, from_policy="verified_domains")
    return user, (await verified(stack, dns, user))["domain"]


async def lose(stack: Stack, name: str) -> None:
    async with stack.pool.connection() as conn:
        await conn.execute("update sender_domains set state = 'unverified' where domain = %s", (name,))


async def test_an_email_is_from_a_verified_domain_for_all_or_per_contact(stack: Stack, dns: Dns):
    user, name = await sender(stack, dns)
    wide = await send(stack, user, **{"from": f"News <news@{name}>"})
    own = await send(stack, user, {"from": f"other@{name}"}, **{"from": f"News <news@{name}>"})
    plain = await send(stack, user)
    for item, expected in ((wide, f"news@{name}"), (own, f"other@{name}"), (plain, None)):
        assert (await stack.final(user, "email", item["uid"]))["state"] == "sent"
        assert await froms(stack, item["uid"]) == [expected]
    (delivered,) = await deliveries(stack, wide["uid"])
    assert delivered["sender"] == "News"


async def test_nobody_sends_from_what_is_not_theirs(stack: Stack, dns: Dns):
    user, name = await sender(stack, dns)
    other, others = await sender(stack, dns)
    for address in (f"a@{others}", f"a@news.{name}", f"a@x{name}", "a@example.com", f"a@{name}.com", "а@exаmple.com"):
        code = "from_invalid" if address.startswith("а") else "from_not_verified"
        await refused(stack, user, code, "/from", **{"from": address})
        await refused(stack, user, code, "/contact/0/from", contact={"from": address})
    await refused(stack, user, "from_invalid", "/from", **{"from": f"a@{name}, b@{name}"})
    await refused(stack, user, "sender_name_address", "/from", **{"from": f'"ceo@bank.com" <a@{name}>'})
    await refused(stack, user, "sender_name_address", "/contact/0/sender_name", contact={"sender_name": "ceo@bank.com"})
    for header in (
        "From",
        "Sender",
        "Resent-From",
        "Resent-Sender",
        "Return-Path",
        "X-Envelope-From",
        "DKIM-Signature",
    ):
        await refused(stack, user, "header_reserved", f"/headers/{header}", headers={header: f"a@{others}"})
    await lose(stack, name)
    await refused(stack, user, "from_not_verified", "/from", **{"from": f"a@{name}"})
    admin = await stack.admin()
    await refused(stack, admin, "from_not_verified", "/from", **{"from": f"a@{others}"})
    assert other.id != user.id


async def test_a_domain_without_a_gateway_for_it_is_refused(stack: Stack, dns: Dns):
    user = await stack.user()
    await stack.gateway(user.id, "email", "sandbox", {})
    name = (await verified(stack, dns, user))["domain"]
    await refused(stack, user, "from_not_allowed", "/from", **{"from": f"a@{name}"})


async def test_a_request_has_few_senders(stack: Stack, dns: Dns):
    user, name = await sender(stack, dns)
    contacts = [EMAIL | {"from": f"a{number}@{name}"} for number in range(21)]
    await refused(stack, user, "too_many_senders", "/contact/20/from", contact=contacts)


async def test_the_own_address_of_a_gateway_needs_no_domain(stack: Stack):
    user, address = await stack.user(), f"{uuid4().hex}@example.com"
    async with mail_server() as room:
        await stack.gateway(
            user.id,
            "email",
            "smtp",
            {"host": "127.0.0.1", "port": room.port, "security": "none", "from_address": address}
            | {"allow_private_network": True},
        )
        first = await stack.gateway(user.id, "email", "sandbox", {}, priority=1, from_policy="verified_domains")
        item = await send(stack, user, **{"from": address})
        final = await stack.final(user, "email", item["uid"])
        assert (final["state"], final["gateway"] != first) == ("sent", True)
        (got,) = room.mails
    assert got["From"] == address
    assert room.envelopes[0].mail_from == address


async def test_failover_keeps_to_gateways_that_may_send_it(stack: Stack, dns: Dns):
    user = await stack.user()
    await stack.gateway(user.id, "email", "sandbox", {}, priority=1)
    nowhere = {"host": "127.0.0.1", "port": 1, "security": "none", "from_address": "a@example.com"}
    await stack.gateway(
        user.id,
        "email",
        "smtp",
        nowhere | {"allow_private_network": True},
        priority=2,
        from_policy="verified_domains",
    )
    last = await stack.gateway(user.id, "email", "sandbox", {}, priority=3, from_policy="verified_domains")
    name = (await verified(stack, dns, user))["domain"]
    item = await send(stack, user, **{"from": f"news@{name}"})
    final = await stack.final(user, "email", item["uid"])
    assert (final["state"], final["gateway"]) == ("sent", last)


@pytest.mark.parametrize("how", ["lost", "deleted", "another account's"])
async def test_a_domain_that_is_lost_meanwhile_sends_nothing_more(stack: Stack, dns: Dns, how: str):
    user, name = await sender(stack, dns)
    due = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    item = await send(stack, user, schedule_at=due, **{"from": f"news@{name}"})
    if how == "deleted":
        async with stack.pool.connection() as conn:
            await conn.execute("delete from sender_domains where domain = %s", (name,))
    else:
        await lose(stack, name)
        if how == "another account's":
            await verified(stack, dns, await stack.user(), name)
    final = await stack.final(user, "email", item["uid"])
    assert (final["state"], final["code"], final["credit"]["state"]) == ("failed", "from_not_verified", "released")
    assert await deliveries(stack, item["uid"]) == []


async def test_a_domain_lost_between_the_choice_and_the_sending_sends_nothing(stack: Stack, dns: Dns, monkeypatch):
    user, name = await sender(stack, dns)
    from activities import choose_gateway

    real = choose_gateway.sending_as

    async def then_lost(*arguments: Any) -> Any:
        found = await real(*arguments)
        await lose(stack, name)
        return found

    monkeypatch.setattr(choose_gateway, "sending_as", then_lost)
    item = await send(stack, user, **{"from": f"news@{name}"})
    final = await stack.final(user, "email", item["uid"])
    assert (final["code"], final["credit"]["state"]) == ("from_not_verified", "released")
    assert await deliveries(stack, item["uid"]) == []


async def test_requests_of_several_accounts_share_pages(stack: Stack, dns: Dns):
    people = [await sender(stack, dns) for _ in range(3)]
    items = await asyncio.gather(
        *(send(stack, user, **{"from": f"a@{name}"}) for user, name in people for _ in range(5)),
        *(send(stack, user) for user, _ in people for _ in range(2)),
    )
    owners = [one for one in people for _ in range(5)] + [one for one in people for _ in range(2)]
    for place, (item, (user, name)) in enumerate(zip(items, owners, strict=True)):
        assert (await stack.final(user, "email", item["uid"]))["state"] == "sent"
        assert await froms(stack, item["uid"]) == [f"a@{name}" if place < 15 else None]


async def test_batches_are_from_it_too(stack: Stack, dns: Dns):
    user, name = await sender(stack, dns)
    contacts = [EMAIL | {"email": f"a{number}@example.com"} for number in range(600)]
    contacts[7]["from"] = f"special@{name}"
    answer = await stack.http.post(
        "/api/email/send", json={"contact": contacts, "from": f"news@{name}"}, headers=user.headers
    )
    assert answer.status_code == 200, answer.text
    items = answer.json()["data"]
    for place, expected in ((0, "news"), (7, "special"), (599, "news")):
        assert (await stack.final(user, "email", items[place]["uid"], 60))["state"] == "sent"
        assert await froms(stack, items[place]["uid"]) == [f"{expected}@{name}"]


async def test_a_fallback_by_email_is_from_it(stack: Stack, dns: Dns):
    user, name = await sender(stack, dns)
    await stack.gateway(user.id, "sms", "sandbox", {})
    step = {"channel": "email", "after": "1s", "email": "ada@example.com", "subject": "Hi", "message": "<p>Hi</p>"}
    contact = SMS | {"number": "+15005550001", "fallback": [step | {"from": "a@example.com"}]}
    answer = await stack.send(user, "sms", contact)
    assert_error(answer, 422, "from_not_verified", "/contact/0/fallback")
    contact["fallback"] = [step | {"from": f"News <news@{name}>"}]
    answer = await stack.send(user, "sms", contact)
    assert answer.status_code == 200, answer.text
    uid = answer.json()["data"][0]["uid"]
    async with asyncio.timeout(20):
        while (followed := (await stack.status(user, "sms", uid))["fallback_uid"]) is None:
            await asyncio.sleep(0.05)
    assert (await stack.final(user, "email", followed))["state"] == "sent"
    assert await froms(stack, followed) == [f"news@{name}"]


async def test_mails_through_a_mail_server_are_signed_with_the_domains_key(stack: Stack, dns: Dns):
    user = await stack.user()
    domain = await verified(stack, dns, user)
    name = domain["domain"]
    async with mail_server() as room:
        config = {"host": "127.0.0.1", "port": room.port, "security": "none", "from_address": "shop@example.com"}
        await stack.gateway(
            user.id, "email", "smtp", config | {"allow_private_network": True}, from_policy="verified_domains"
        )
        first = await send(stack, user, **{"from": f"Grüße <news@{name}>"})
        await stack.final(user, "email", first["uid"])
        rotated = await ask(stack, user, "POST", f"/{domain['id']}/rotate-key")
        (coming,) = [one for one in rotated["records"] if one["purpose"] == "dkim_next"]
        dns.texts[coming["name"]] = [coming["value"]]
        await ask(stack, user, "POST", f"/{domain['id']}/check")
        second = await send(stack, user, **{"from": f"news@{name}"})
        plain = await send(stack, user)
        for item in (second, plain):
            assert (await stack.final(user, "email", item["uid"]))["state"] == "sent"
    by_selector: dict[str, bytes] = {}
    for envelope in room.envelopes:
        assert envelope.mail_from == "shop@example.com"
        content = envelope.content
        if b"From: shop@example.com" in content:
            assert b"DKIM-Signature" not in content
            continue

        def record(asked: bytes, timeout: int = 5) -> bytes | None:
            found = dns.texts.get(asked.decode().rstrip("."))
            return found[0].encode() if found else None

        assert dkim.verify(content, dnsfunc=record), content
        assert f"d={name};".encode() in content
        assert not dkim.verify(content.replace(b"From: ", b"From: x", 1), dnsfunc=record)
        by_selector["xs2" if b"s=xs2;" in content else "xs1"] = content
    assert set(by_selector) == {"xs1", "xs2"}


async def test_a_test_key_sends_from_it_into_the_sandbox(stack: Stack, dns: Dns):
    user = await stack.user()
    name = (await verified(stack, dns, user))["domain"]
    key = await sandbox_key(stack, user)
    item = await send(stack, key, **{"from": f"news@{name}"})
    assert (await stack.final(key, "email", item["uid"]))["state"] == "sent"
    assert await froms(stack, item["uid"]) == [f"news@{name}"]
    await refused(stack, key, "from_not_verified", "/from", **{"from": "a@example.com"})
