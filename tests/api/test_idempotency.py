"""``Idempotency-Key``: the same request is answered the same, and sent once, whatever happens in between."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from fastapi import Request, Response

from api.http.errors import ApiError
from api.http.idempotency import KeyClaim, once
from domain.ids import message_uid, new_page_id
from store import idempotency
from store.accounts import credits
from store.gateways import gateways
from tests.api.answers import CONTACT, SMS, assert_error, count_messages
from tests.stack import Stack, User

PATH = "/api/sms/send"


async def ready_user(stack: Stack, credit: int = 10) -> User:
    user = await stack.user(credit=credit)
    await stack.gateway(user.id, "sms", "sandbox", {})
    return user


async def send(stack: Stack, user: User, key: str, *contacts: dict, path: str = PATH) -> httpx.Response:
    body = orjson.dumps({"contact": list(contacts) or [SMS]})
    return await stack.http.post(path, content=body, headers=user.headers | {"Idempotency-Key": key})


def uids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["uid"] for item in answer.json()["data"]]


async def spent(stack: Stack, user: User) -> int:
    wallet = (await credits.show(stack.pool, user.id))["sms"]
    assert wallet.held == 0
    return wallet.spent


async def test_the_same_request_gets_the_same_bytes_and_is_sent_once(stack: Stack):
    user, key = await ready_user(stack), uuid4().hex
    first = await send(stack, user, key, SMS, SMS)
    again = await send(stack, user, key, SMS, SMS)
    assert again.content == first.content
    assert again.status_code == first.status_code == 200
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    for uid in uids(first):
        await stack.final(user, "sms", uid)
    assert (await count_messages(stack, user), await spent(stack, user)) == (2, 2)


async def test_of_50_at_once_exactly_one_starts_a_page(stack: Stack):
    user, key = await ready_user(stack, credit=100), uuid4().hex
    answers = await asyncio.gather(*(send(stack, user, key) for _ in range(50)))
    codes = Counter(answer.status_code for answer in answers)
    assert set(codes) <= {200, 409}
    accepted = [answer for answer in answers if answer.status_code == 200]
    assert len({answer.content for answer in accepted}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in accepted) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert_error(answer, 409, "idempotency_in_flight")
            assert answer.headers["retry-after"] == "1"
    await stack.final(user, "sms", uids(accepted[0])[0])
    assert (await count_messages(stack, user), await spent(stack, user)) == (1, 1)


async def test_of_50_at_once_without_credit_none_is_an_error_of_ours(stack: Stack):
    user, key = await ready_user(stack, credit=0), uuid4().hex
    answers = await asyncio.gather(*(send(stack, user, key) for _ in range(50)))
    assert {answer.status_code for answer in answers} <= {402, 409}
    assert await count_messages(stack, user) == 0


async def test_another_body_under_the_same_key_is_refused(stack: Stack):
    user, key = await ready_user(stack), uuid4().hex
    first = await send(stack, user, key)
    assert_error(await send(stack, user, key, SMS | {"body": "Ho"}), 422, "idempotency_mismatch")
    assert (await send(stack, user, key)).content == first.content


async def test_keys_of_two_accounts_and_of_two_channels_are_independent(stack: Stack):
    one, other, key = await ready_user(stack), await ready_user(stack), uuid4().hex
    await stack.gateway(one.id, "whatsapp", "sandbox", {})
    answers = [
        await send(stack, one, key),
        await send(stack, other, key),
        await send(stack, one, key, CONTACT["whatsapp"], path="/api/whatsapp/send"),
    ]
    assert len({uids(answer)[0] for answer in answers}) == 3


async def test_a_key_is_its_owners_whichever_api_key_is_used(stack: Stack):
    admin, again, key = await stack.admin(), await stack.admin(), uuid4().hex
    assert (await send(stack, admin, key)).content == (await send(stack, again, key)).content


async def test_a_refused_request_leaves_its_key_unused(stack: Stack):
    user, key = await ready_user(stack, credit=0), uuid4().hex
    assert_error(await send(stack, user, key, {"number": "x"}), 422, "number_characters", "/contact/0/number")
    unknown = SMS | {"gateway_identifier": "none"}
    assert_error(await send(stack, user, key, unknown), 404, "gateway_not_found", "/contact/0/gateway_identifier")
    assert_error(await send(stack, user, key), 402, "no_credit")
    await credits.top_up(stack.pool, user.id, "sms", 1, "test", uuid4())
    assert len(uids(await send(stack, user, key))) == 1


async def test_an_answer_is_repeated_even_when_credit_and_gateway_are_gone(stack: Stack):
    user, key = await stack.user(credit=1), uuid4().hex
    named = SMS | {"gateway_identifier": await stack.gateway(user.id, "sms", "sandbox", {})}
    first = await send(stack, user, key, named)
    await stack.final(user, "sms", uids(first)[0])
    async with stack.pool.connection() as conn:
        await conn.execute("update gateways set identifier = identifier || '-gone' where account_id = %s", (user.id,))
    assert (await send(stack, user, key, named)).content == first.content


def claim_digest(body: bytes) -> bytes:
    return hashlib.sha256(b"POST?\n" + body).digest()


async def claimed_before(stack: Stack, user: User, key: str, lease: float, *contacts: dict) -> UUID:
    """The claim of a first try that has not finished; returns the page id it works with."""
    page_id = new_page_id()
    digest = claim_digest(orjson.dumps({"contact": list(contacts) or [SMS]}))
    assert (await idempotency.claim(stack.pool, user.id, PATH, key, digest, page_id, lease)).mine
    return page_id


async def test_while_the_first_try_is_at_work_others_are_told_to_wait(stack: Stack):
    user, key = await ready_user(stack), uuid4().hex
    await claimed_before(stack, user, key, 60)
    assert_error(await send(stack, user, key), 409, "idempotency_in_flight")
    assert_error(await send(stack, user, key, SMS, SMS), 422, "idempotency_mismatch")
    assert await count_messages(stack, user) == 0


async def test_a_try_that_died_before_the_start_is_finished_by_the_next(stack: Stack):
    user, key = await ready_user(stack), uuid4().hex
    await claimed_before(stack, user, key, -1)
    answer = await send(stack, user, key)
    assert len(uids(answer)) == 1
    assert (await send(stack, user, key)).content == answer.content
    assert (await stack.final(user, "sms", uids(answer)[0]))["status"] == "delivered"


async def test_a_try_that_died_after_the_start_is_not_sent_again(stack: Stack):
    user, key = await ready_user(stack, credit=1), uuid4().hex
    first = await send(stack, user, key)
    await stack.final(user, "sms", uids(first)[0])
    async with stack.pool.connection() as conn:  # as if the answer had never been kept; the wallet is empty by now
        await conn.execute(
            """update idempotency_keys set status = null, response = null, locked_until = now() - interval '1 s'
               where account_id = %s""",
            (user.id,),
        )
    answer = await send(stack, user, key)
    assert uids(answer) == uids(first)
    await credits.top_up(stack.pool, user.id, "sms", 1, "test", uuid4())
    assert uids(await send(stack, user, key)) == uids(first)
    await stack.final(user, "sms", uids(first)[0])
    assert (await count_messages(stack, user), await spent(stack, user)) == (1, 1)


async def test_two_that_take_over_at_once_send_once(stack: Stack):
    user, key = await ready_user(stack), uuid4().hex
    await claimed_before(stack, user, key, -1)
    answers = await asyncio.gather(*(send(stack, user, key) for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    accepted = [uids(answer) for answer in answers if answer.status_code == 200]
    assert len({listed[0] for listed in accepted}) == 1
    await stack.final(user, "sms", accepted[0][0])
    assert await count_messages(stack, user) == 1


@pytest.mark.parametrize(("length", "status"), [(1, 200), (255, 200), (256, 422)])
async def test_a_key_has_1_to_255_characters(stack: Stack, length, status):
    user = await ready_user(stack)
    answer = await send(stack, user, uuid4().hex[:1] * length)
    assert answer.status_code == status, answer.text
    if status == 422:
        assert_error(answer, 422, "idempotency_key")


async def test_a_send_by_query_string_is_repeated_too(stack: Stack):
    user, key = await ready_user(stack), uuid4().hex
    headers = user.headers | {"Idempotency-Key": key}
    query = {"contacts": "14155550123", "message": "Hi"}
    first = await stack.http.get(PATH, params=query, headers=headers)
    again = await stack.http.get(PATH, params=query, headers=headers)
    assert uids(first)
    assert again.content == first.content
    other = await stack.http.get(PATH, params=query | {"message": "Ho"}, headers=headers)
    assert_error(other, 422, "idempotency_mismatch")
    assert_error(await send(stack, user, key), 422, "idempotency_mismatch")


async def test_a_gateway_that_vanished_does_not_stop_a_try_that_takes_over(stack: Stack):
    user, key = await stack.user(), uuid4().hex
    identifier = await stack.gateway(user.id, "sms", "sandbox", {})
    named = SMS | {"gateway_identifier": identifier}
    page_id = await claimed_before(stack, user, key, -1, named, named)
    (gateway,) = await gateways.named(stack.pool, user.id, identifier)
    await gateways.set_enabled(stack.pool, gateway.id, False)
    assert uids(await send(stack, user, key, named, named))[0] == str(message_uid(page_id, 0))


async def test_who_lost_a_key_by_being_slow_leaves_it_to_who_took_it_over(stack: Stack):
    user, key, took_over = await ready_user(stack), uuid4().hex, asyncio.Event()
    app = SimpleNamespace(state=SimpleNamespace(xsender=SimpleNamespace(pool=stack.pool)))
    headers = [(b"idempotency-key", key.encode())]
    scope = {"type": "http", "method": "POST", "path": PATH, "query_string": b"", "headers": headers, "app": app}

    async def repeat(work: Callable[[KeyClaim], Awaitable[bytes]]) -> Response:
        return await once(Request(scope), user.id, b"{}", new_page_id(), work)

    async def slow(_: KeyClaim) -> bytes:
        async with stack.pool.connection() as conn:
            await conn.execute("update idempotency_keys set locked_until = now() where account_id = %s", (user.id,))
        others.append(asyncio.create_task(repeat(second)))
        await took_over.wait()
        raise ApiError(503, "unavailable", "overtaken")

    async def second(_: KeyClaim) -> bytes:
        took_over.set()
        await asyncio.wait([first])
        return b'{"done": "once"}'

    async def third(_: KeyClaim) -> bytes:
        raise AssertionError("done twice")

    others: list[asyncio.Task[Response]] = []
    first = asyncio.create_task(repeat(slow))
    with pytest.raises(ApiError):
        await first
    assert (await others[0]).body == (await repeat(third)).body
