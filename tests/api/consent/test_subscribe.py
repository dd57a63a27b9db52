"""Double opt-in: nobody is subscribed whose address it is not, and nobody is bombed."""

import asyncio
import re

import pytest
import pytest_asyncio

from store.audience import suppressions
from store.audience.consent import consents
from tests.api.answers import assert_error
from tests.api.consent.test_purposes import NEWS, holder, made
from tests.api.mail_stack import PUBLIC, arrived, public_stack
from tests.stack import Stack, User


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def public(stack: Stack):
    async with public_stack(stack) as opened:
        yield opened


@pytest.fixture
def address() -> str:
    from uuid import uuid4

    return f"{uuid4().hex}@example.com"


async def ask(stack: Stack, user: User, address: str, *, key: str = "", dry: str = "", **fields):
    body = {"channel": "email", "recipient": address, "purposes": ["news"]} | fields
    headers = user.headers | ({"Idempotency-Key": key} if key else {})
    return await stack.http.post(f"/api/subscribe{dry}", json=body, headers=headers)


async def asker(stack: Stack) -> User:
    user = await holder(stack, "email", "sms")
    await made(stack, user)
    return user


async def states(stack: Stack, user: User, address: str) -> dict[str, str]:
    return {one.purpose: one.state for one in await consents.current(stack.pool, user.id, "email", address)}


async def link_of(stack: Stack, user: User, answer) -> str:
    assert answer.status_code == 200, answer.text
    mail = await arrived(stack, user, answer.json()["data"]["uid"])
    (found,) = set(re.findall(rf"{re.escape(PUBLIC)}(/s/[\w-]+)", mail["html"]))
    return found


async def time_passes(stack: Stack, user: User, what: str) -> None:
    async with stack.pool.connection() as conn:
        await conn.execute(f"update subscribe_requests set {what} where account_id = %s", (user.id,))


async def test_who_confirms_has_granted_consent_with_proof(public: Stack, address: str):
    user = await asker(public)
    answer = await ask(public, user, address, text_shown="Yes, news", ip="192.0.2.7", source="form 7", language="de")
    assert (answer.json()["data"]["state"], answer.json()["data"]["sent"]) == ("pending", 1)
    link = await link_of(public, user, answer)
    assert await states(public, user, address) == {"news": "pending"}
    page = await public.http.get(link)
    assert '<html lang="de">' in page.text
    assert address not in page.text
    assert await states(public, user, address) == {"news": "pending"}, "a GET changes nothing"
    assert (await public.http.post(link, data={"x": "y"})).status_code == 400
    for _ in range(2):
        assert (await public.http.post(link, data={"action": "confirm"})).status_code == 200
    assert await states(public, user, address) == {"news": "granted"}
    last, first = await consents.history(public.pool, user.id, "email", address)
    assert (last.state, last.source, last.text_shown, last.ip) == ("granted", "form 7", "Yes, news", "127.0.0.1")
    assert last.proof["asked_from"] == "192.0.2.7"
    assert (first.state, first.ip) == ("pending", "192.0.2.7")
    again = await ask(public, user, address)
    assert (again.json()["data"]["state"], again.json()["data"]["uid"]) == ("granted", None)


async def test_the_message_is_sent_again_twice_at_most(public: Stack, address: str):
    user = await asker(public)
    links = {await link_of(public, user, await ask(public, user, address))}
    assert_error(await ask(public, user, address), 429, "confirmation_sent")
    for _ in range(2):
        await time_passes(public, user, "sent_at = sent_at - interval '1 minute'")
        links.add(await link_of(public, user, await ask(public, user, address)))
    await time_passes(public, user, "sent_at = sent_at - interval '1 minute'")
    refused = await ask(public, user, address)
    assert_error(refused, 429, "confirmation_sent")
    assert int(refused.headers["retry-after"]) > 6 * 86400
    assert len(links) == 1


async def test_after_seven_days_the_link_does_nothing_and_a_new_one_is_sent(public: Stack, address: str):
    user = await asker(public)
    link = await link_of(public, user, await ask(public, user, address))
    await time_passes(public, user, "expires_at = now() - interval '1 s', sent = 3")
    assert (await public.http.get(link)).status_code == 404
    assert (await public.http.post(link, data={"action": "confirm"})).status_code == 404
    assert await states(public, user, address) == {"news": "pending"}
    assert await link_of(public, user, await ask(public, user, address)) != link


async def test_an_address_is_not_bombed_through_many_accounts(public: Stack, address: str):
    users = [await asker(public) for _ in range(7)]
    answers = await asyncio.gather(*(ask(public, user, address.upper()) for user in users))
    assert sorted(answer.status_code for answer in answers) == [200] * 6 + [429]
    assert_error(next(answer for answer in answers if answer.status_code == 429), 429, "subscribe_limited")


async def test_a_repeat_with_the_same_key_sends_nothing(public: Stack, address: str):
    user = await asker(public)
    first = await ask(public, user, address, key="one")
    assert (await ask(public, user, address, key="one")).content == first.content
    assert (await ask(public, user, address, dry="?dry_run=true")).status_code == 429
    async with public.pool.connection() as conn:
        cursor = await conn.execute("select sent from subscribe_requests where account_id = %s", (user.id,))
        assert await cursor.fetchall() == [(1,)]


async def test_a_dry_run_asks_nobody(public: Stack, address: str):
    user = await asker(public)
    assert (await ask(public, user, address, dry="?dry_run=true")).json()["dry_run"] is True
    assert await states(public, user, address) == {}


async def test_who_unsubscribed_may_come_back_and_who_bounced_is_not_asked(public: Stack, address: str):
    user = await asker(public)
    await suppressions.add(public.pool, user.id, "email", address, "unsubscribed")
    link = await link_of(public, user, await ask(public, user, address))
    await public.http.post(link, data={"action": "confirm"})
    assert await suppressions.page(public.pool, suppressions.Filter(user.id), None, 9) == []
    await suppressions.add(public.pool, user.id, "email", address, "bounced")
    assert_error(await ask(public, user, address), 409, "address_suppressed")


async def test_what_was_withdrawn_stays_so_until_it_is_confirmed(public: Stack, address: str):
    user = await asker(public)
    choice = {"channel": "email", "recipient": address, "purpose": "news", "state": "withdrawn"}
    await public.http.post("/api/consents", json={"consents": [choice]}, headers=user.headers)
    link = await link_of(public, user, await ask(public, user, address))
    assert await states(public, user, address) == {"news": "withdrawn"}
    await public.http.post(link, data={"action": "confirm"})
    assert await states(public, user, address) == {"news": "granted"}


async def test_an_accounts_own_text_is_used(public: Stack, address: str):
    user = await asker(public)
    text = {"subject": "Hi from {{ sender }}", "message": '<a href="{{ confirm_url }}">{{ purposes }}</a>'}
    path = "/api/subscribe/texts/email"
    put = await public.http.put(path, json=text, headers=user.headers)
    assert put.json()["data"] == text | {"channel": "email"}
    answer = await ask(public, user, address)
    mail = await arrived(public, user, answer.json()["data"]["uid"])
    assert f">{NEWS['name']}</a>" in mail["html"]
    assert mail["subject"] == "Hi from Test"
    listed = await public.http.get("/api/subscribe/texts", headers=user.headers)
    assert listed.json()["data"] == [put.json()["data"]]
    assert (await public.http.delete(path, headers=user.headers)).status_code == 200
    assert (await public.http.get("/api/subscribe/texts", headers=user.headers)).json()["data"] == []


@pytest.mark.parametrize(
    ("text", "code", "pointer"),
    [
        ({"subject": "x", "message": "no link"}, "confirm_url_missing", "/message"),
        ({"subject": "x", "message": "{{ confirm_url"}, "invalid_template", "/message"),
        ({"subject": "x", "message": "{{ confirm_url }} {{ nobody }}"}, "invalid_template", "/message"),
        ({"subject": "{% for", "message": "{{ confirm_url }}"}, "invalid_template", "/subject"),
        ({"message": "{{ confirm_url }}"}, "missing", "/subject"),
    ],
)
async def test_a_text_that_cannot_ask_is_refused(public: Stack, text: dict, code: str, pointer: str):
    user = await holder(public)
    answer = await public.http.put("/api/subscribe/texts/email", json=text, headers=user.headers)
    assert_error(answer, 422, code, pointer)


async def test_what_cannot_be_asked_is_refused(public: Stack, stack: Stack, address: str):
    user = await asker(public)
    assert_error(await ask(public, user, "not an address"), 422, "email_invalid", "/recipient")
    assert_error(await ask(public, user, address, purposes=["nope"]), 422, "purpose_unknown", "/purpose")
    refused = await ask(public, user, address, purposes=["transactional"])
    assert_error(refused, 422, "purpose_transactional", "/purposes")
    assert_error(await ask(stack, user, address), 409, "public_url_missing")


async def test_a_number_is_asked_by_text_message(public: Stack):
    user = await asker(public)
    answer = await ask(public, user, "+4915112345678", channel="sms")
    assert answer.status_code == 200, answer.text
    final = await public.final(user, "sms", answer.json()["data"]["uid"])
    assert final["state"] == "sent"


@pytest.mark.parametrize("token", ["x", "A" * 43, "%00", "ü"])
async def test_links_that_we_did_not_make_confirm_nothing(public: Stack, token: str):
    assert (await public.http.get(f"/s/{token}")).status_code == 404
    assert (await public.http.post(f"/s/{token}", data={"action": "confirm"})).status_code == 404
