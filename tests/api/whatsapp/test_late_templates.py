"""Meta takes a text, and reports only later that it could not be delivered: the template follows, once."""

import asyncio
from typing import Any

import pytest

from services.whatsapp.late_templates import send_late_templates
from store.accounts import credits
from store.batches import batches
from store.operations.purging import forget_messages
from store.whatsapp import late_templates
from tests.api.batches import ended
from tests.api.whatsapp.fake_meta import CLOSED, hears, reports
from tests.api.whatsapp.test_reply_window import Way, forms, new_number, open_way
from tests.stack import Stack

ERROR = {"code": CLOSED, "title": "Re-engagement message"}


async def taken(way: Way, number: str, **more: Any) -> tuple[str, str]:
    """A text that Meta took: its uid, and Meta's id of it."""
    await hears(way.stack, way.id, number)
    uid = await way.send(number, **more)
    ended = await way.final(uid)
    assert forms(ended) == [("accepted", None, "message")]
    return uid, ended["provider_id"]


async def with_follower(way: Way, uid: str) -> dict[str, Any]:
    """The status of a text once its template is on record."""
    async with asyncio.timeout(30):
        while (status := await way.stack.status(way.user, "whatsapp", uid))["fallback_uid"] is None:
            await asyncio.sleep(0.02)
    return status


async def followed(way: Way, uid: str) -> dict[str, Any]:
    """The status of what followed, once it has ended."""
    status = await with_follower(way, uid)
    assert (status["state"], status["code"], status["credit"]["state"]) == ("failed", "outside_window", "refunded")
    return await way.final(status["fallback_uid"])


async def failed(way: Way, uid: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while (status := await way.stack.status(way.user, "whatsapp", uid))["state"] != "failed":
            await asyncio.sleep(0.02)
    return status


async def kept(stack: Stack, uid: str) -> int:
    async with stack.pool.connection() as conn:
        return (await conn.execute("select from templates_to_follow where uid = %s", (uid,))).rowcount


async def test_the_template_follows_once_and_one_message_is_charged(stack: Stack):
    async with open_way(stack) as way:
        number = new_number()
        uid, wamid = await taken(way, number)
        for _ in range(2):
            await reports(stack, way.id, uid, wamid, "failed", ERROR)
        other = await followed(way, uid)
        assert (other["state"], other["to"], other["gateway"]) == ("sent", number, way.identifier)
        assert other["purpose"] == "transactional"
        await reports(stack, way.id, uid, wamid, "failed", ERROR)
        await send_late_templates(stack.pool, stack.temporal)
        assert way.meta.kinds(number) == ["text", "template"]
        assert await kept(stack, uid) == 0
        wallet = (await credits.show(stack.pool, way.user.id))["whatsapp"]
        assert (wallet.available, wallet.held, wallet.spent) == (999, 0, 1)


async def test_what_nobody_sent_is_sent_by_maintenance(stack: Stack):
    async with open_way(stack) as way:
        uids = []
        for _ in range(3):
            number = new_number()
            uid, _ = await taken(way, number)
            async with stack.pool.connection() as conn:  # as if the process had died just then
                await late_templates.mark(conn, [uid])
                await conn.execute(
                    "update messages set state = 'failed', code = 'outside_window' where uid = %s", (uid,)
                )
            uids.append(uid)
        first = await late_templates.take(stack.pool, uids)
        again = await late_templates.take(stack.pool, uids)
        assert [(page.id, page.uids) for page in first] == [(page.id, page.uids) for page in again]
        await asyncio.gather(*(send_late_templates(stack.pool, stack.temporal, uids) for _ in range(3)))
        for uid in uids:
            status = await with_follower(way, uid)
            assert (await way.final(status["fallback_uid"]))["state"] == "sent"
        assert [body["type"] for body in way.meta.sent].count("template") == 3


async def test_messages_of_one_page_are_followed_together(stack: Stack):
    async with open_way(stack) as way:
        numbers = [new_number() for _ in range(3)]
        for number in numbers:
            await hears(stack, way.id, number)
        template = {"name": "hello", "language": "en_US", "components": [], "category": "marketing"}
        contacts = [{"number": n, "message": f"Hi {n}", "template_if_closed": template} for n in numbers]
        answered = await stack.http.post(
            "/api/whatsapp/send", json={"contact": contacts, "priority": "bulk"}, headers=way.user.headers
        )
        uids = [one["uid"] for one in answered.json()["data"]]
        for uid in uids[:2]:
            await reports(stack, way.id, uid, (await way.final(uid))["provider_id"], "failed", ERROR)
        for uid, number in zip(uids[:2], numbers, strict=False):
            other = await followed(way, uid)
            assert (other["to"], other["state"], other["purpose"]) == (number, "sent", "marketing")
        assert [way.meta.kinds(number) for number in numbers] == [["text", "template"], ["text", "template"], ["text"]]


@pytest.mark.parametrize("code", [131026, 131049])
async def test_other_failures_are_followed_by_nothing(stack: Stack, code: int):
    async with open_way(stack) as way:
        number = new_number()
        uid, wamid = await taken(way, number)
        await reports(stack, way.id, uid, wamid, "failed", {"code": code})
        await failed(way, uid)
        await send_late_templates(stack.pool, stack.temporal)
        assert way.meta.kinds(number) == ["text"]


async def test_a_template_follows_messages_of_a_batch_that_has_ended(stack: Stack):
    async with open_way(stack) as way:
        numbers = [new_number() for _ in range(501)]
        await hears(stack, way.id, numbers[500])
        template = {"name": "hello", "language": "en_US", "components": []}
        contacts = [{"number": n, "message": "Hi", "template_if_closed": template} for n in numbers]
        answered = await stack.send(way.user, "whatsapp", *contacts)
        await ended(stack, way.user, answered.json()["batch"])
        await batches.delete_pages(stack.pool)
        uid = answered.json()["data"][500]["uid"]
        assert [way.meta.kinds(n) for n in numbers] == [["template"]] * 500 + [["text"]]
        await reports(stack, way.id, uid, (await way.final(uid))["provider_id"], "failed", ERROR)
        assert (await followed(way, uid))["state"] == "sent"
        assert way.meta.kinds(numbers[500]) == ["text", "template"]


async def test_a_fallback_of_its_own_comes_instead(stack: Stack):
    async with open_way(stack) as way:
        number = new_number()
        await stack.gateway(way.user.id, "sms", "sandbox", {})
        await hears(stack, way.id, number)
        uid = await way.send(number, fallback=[{"channel": "sms", "after": "1h", "body": "Hi"}])
        async with asyncio.timeout(10):
            while not (wamid := (await stack.status(way.user, "whatsapp", uid))["provider_id"]):
                await asyncio.sleep(0.02)
        assert await kept(stack, uid) == 0
        await reports(stack, way.id, uid, wamid, "failed", ERROR)
        async with asyncio.timeout(10):
            while not (other := (await stack.status(way.user, "whatsapp", uid))["fallback_uid"]):
                await asyncio.sleep(0.02)
        assert (await stack.final(way.user, "sms", other))["state"] == "sent"
        assert way.meta.kinds(number) == ["text"]


async def test_a_template_goes_with_the_data_of_its_user(stack: Stack):
    async with open_way(stack) as way:
        uid, _ = await taken(way, new_number())
        assert await kept(stack, uid) == 1
        await forget_messages(stack.pool, way.user.id, None)
        assert await kept(stack, uid) == 0


async def test_a_template_is_forgotten_after_a_day(stack: Stack):
    async with open_way(stack) as way:
        old, _ = await taken(way, new_number())
        young, _ = await taken(way, new_number())
        async with stack.pool.connection() as conn:
            await conn.execute(
                "update templates_to_follow set sent_at = sent_at - interval '25 hours' where uid = %s", (old,)
            )
        await late_templates.delete_old(stack.pool)
        assert (await kept(stack, old), await kept(stack, young)) == (0, 1)
