"""STOP, START and HELP: obeyed once, before anything else leaves."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.messages.receipts import Inbound, ReceiptsSource, encode_events
from store.accounts.credits import show
from tests.api.answers import deliveries
from tests.stack import Stack, User
from workflows.policy import receipts_options

NUMBER = "+14155550177"
LATER = (datetime.now(UTC) + timedelta(hours=1)).isoformat()


async def sms_user(stack: Stack) -> tuple[User, str]:
    """A user with a gateway of his own, and the gateway's id."""
    user = await stack.user(credit=100)
    name = await stack.gateway(user.id, "sms", "sandbox", {})
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select id from gateways where identifier = %s", (name,))
        (gateway,) = await cursor.fetchone()
    return user, str(gateway)


async def says(
    stack: Stack, gateway: str, body: str, sender: str = NUMBER, key: str | None = None, means: str | None = None
) -> None:
    """A person writes to the gateway's number."""
    said = Inbound(key or uuid4().hex, 1700000000.0, sender, "+15005550006", body, says=means)
    await stack.temporal.execute_workflow(
        "ReceiptsWorkflow",
        args=[ReceiptsSource("sms", [gateway], inbound=True), encode_events([said])],
        id=f"receipts-test-{uuid4()}",
        **receipts_options(gateway),
    )


async def inbox(stack: Stack, user: User, **query: str) -> list[dict]:
    answer = await stack.http.get("/api/inbound", headers=user.headers, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def send(stack: Stack, user: User, **more) -> str:
    answer = await stack.send(user, "sms", {"number": NUMBER, "body": "Hi", **more})
    return answer.json()["data"][0]["uid"]


async def held(stack: Stack, user: User, uid: str) -> None:
    """Wait until a message is recorded: a STOP before that has it rejected."""
    async with asyncio.timeout(10):
        while (await stack.status(user, "sms", uid))["credit"] is None:
            await asyncio.sleep(0.01)


async def test_stop_withdraws_what_is_to_come_and_gives_its_credit_back(stack: Stack):
    user, gateway = await sms_user(stack)
    await stack.final(user, "sms", await send(stack, user))
    later = [await send(stack, user, schedule_at=LATER) for _ in range(3)]
    neighbour = (await stack.send(user, "sms", {"number": "+14155550178", "body": "Hi", "schedule_at": LATER})).json()
    for uid in later:
        await held(stack, user, uid)
    await says(stack, gateway, "STOP")
    for uid in later:
        data = await stack.final(user, "sms", uid)
        assert (data["state"], data["code"], data["credit"]["state"]) == ("cancelled", "opted_out", "released")
    kept = await stack.status(user, "sms", neighbour["data"][0]["uid"])
    assert kept["state"] == "scheduled"
    wallet = (await show(stack.pool, user.id))["sms"]
    assert (wallet.available, wallet.held, wallet.spent) == (98, 1, 1)
    refused = await stack.final(user, "sms", await send(stack, user))
    assert refused["code"] == "suppressed"
    (message,) = await inbox(stack, user)
    assert (message["sender"], message["body"], message["keyword"]) == (NUMBER, "STOP", "stop")


async def test_what_a_provider_takes_for_stop_is_obeyed(stack: Stack):
    user, gateway = await sms_user(stack)
    await stack.final(user, "sms", await send(stack, user))
    await says(stack, gateway, "genug", means="stop")
    assert (await stack.final(user, "sms", await send(stack, user)))["code"] == "suppressed"
    (message,) = await inbox(stack, user)
    assert message["keyword"] == "stop"


async def test_stop_counts_for_all_spellings_of_a_number(stack: Stack):
    """WhatsApp names a Brazilian by a number without the ninth digit that was dialled."""
    user, gateway = await sms_user(stack)
    brazilian = {"number": "+5582999448232", "body": "Hi"}
    later = (await stack.send(user, "sms", brazilian | {"schedule_at": LATER})).json()["data"][0]["uid"]
    await says(stack, gateway, "STOP", sender="+558299448232")
    assert (await stack.final(user, "sms", later))["code"] == "opted_out"
    again = (await stack.send(user, "sms", brazilian)).json()["data"][0]["uid"]
    assert (await stack.final(user, "sms", again))["code"] == "suppressed"
    await says(stack, gateway, "START", sender="+5582999448232")
    again = (await stack.send(user, "sms", brazilian)).json()["data"][0]["uid"]
    assert (await stack.final(user, "sms", again))["state"] == "sent"


async def test_the_confirmation_gets_through_once(stack: Stack):
    user, gateway = await sms_user(stack)
    chosen = {"replies": {"stop": "You will get no more messages."}}
    answer = await stack.http.put("/api/inbound/keywords", json=chosen, headers=user.headers)
    assert answer.status_code == 200, answer.text
    for _ in range(3):
        await says(stack, gateway, "stop", key="same")
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select reply_page from inbound_messages where account_id = %s", (user.id,))
        ((uid,),) = await cursor.fetchall()
    assert (await stack.final(user, "sms", str(uid)))["state"] == "sent"
    (delivered,) = await deliveries(stack, str(uid))
    assert (delivered["to"], delivered["body"]) == (NUMBER, "You will get no more messages.")
    wallet = (await show(stack.pool, user.id))["sms"]
    assert (wallet.available, wallet.spent) == (99, 1)


async def test_start_lets_messages_through_again(stack: Stack):
    user, gateway = await sms_user(stack)
    await says(stack, gateway, "quit")
    assert (await stack.final(user, "sms", await send(stack, user)))["code"] == "suppressed"
    await says(stack, gateway, "start")
    assert (await stack.final(user, "sms", await send(stack, user)))["state"] == "sent"


async def test_ordinary_messages_are_kept_and_change_nothing(stack: Stack):
    user, gateway = await sms_user(stack)
    await says(stack, gateway, "please stop writing at night")
    assert (await stack.final(user, "sms", await send(stack, user)))["state"] == "sent"
    (message,) = await inbox(stack, user)
    assert message["keyword"] is None


async def test_a_tenant_who_shares_the_number_and_wrote_is_meant_too(stack: Stack):
    owner, gateway = await sms_user(stack)
    writer, stranger = await stack.user(credit=10), await stack.user(credit=10)
    async with stack.pool.connection() as conn:
        for user in (writer, stranger):
            await conn.execute("insert into gateway_shares values (%s, %s)", (gateway, user.id))
    await stack.final(writer, "sms", await send(stack, writer))
    await says(stack, gateway, "STOP")
    assert (await stack.final(writer, "sms", await send(stack, writer)))["code"] == "suppressed"
    assert (await stack.final(stranger, "sms", await send(stack, stranger)))["state"] == "sent"
    assert await inbox(stack, writer) == []
    assert len(await inbox(stack, owner)) == 1


async def test_a_message_on_its_way_is_stopped_at_the_last_moment(stack: Stack):
    """Between the hold and the intent nothing but the record knows of the STOP."""
    user, _ = await sms_user(stack)
    uid = await send(stack, user, schedule_at=(datetime.now(UTC) + timedelta(seconds=1.5)).isoformat())
    async with asyncio.timeout(5):
        while (await stack.status(user, "sms", uid))["credit"] is None:
            await asyncio.sleep(0.02)
    async with stack.pool.connection() as conn:
        await conn.execute("insert into suppressions values (%s, 'sms', %s, 'opted_out')", (user.id, NUMBER))
    async with asyncio.timeout(10):
        while (data := await stack.status(user, "sms", uid))["credit"]["state"] != "released":
            await asyncio.sleep(0.05)
    assert (data["state"], data["code"], data["attempts"]) == ("cancelled", "opted_out", [])


async def test_a_stop_survives_a_page_that_nobody_runs(stack: Stack):
    user, gateway = await sms_user(stack)
    async with stack.pool.connection() as conn:
        await conn.execute(
            """insert into messages (uid, account_id, channel, recipient, state, price, credit)
               values (%s, %s, 'sms', %s, 'queued', 0, 'free')""",
            (uuid4(), user.id, NUMBER),
        )
    await asyncio.wait_for(says(stack, gateway, "STOP"), 10)
    assert (await stack.final(user, "sms", await send(stack, user)))["code"] == "suppressed"


async def test_the_list_is_paged_and_filtered(stack: Stack):
    user, gateway = await sms_user(stack)
    for n in range(5):
        await says(stack, gateway, f"message {n}", sender=f"+1415555018{n % 2}")
    first = (await stack.http.get("/api/inbound?limit=3", headers=user.headers)).json()
    rest = (await stack.http.get(f"/api/inbound?cursor={first['next_cursor']}", headers=user.headers)).json()
    said = [message["body"] for message in first["data"] + rest["data"]]
    assert said == [f"message {n}" for n in (4, 3, 2, 1, 0)]
    assert rest["next_cursor"] is None
    assert len(await inbox(stack, user, sender="+14155550181")) == 2
    assert await inbox(stack, user, channel="whatsapp") == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"stop": ["a\nb"]}, "/stop/0"),
        ({"stop": [" "]}, "/stop/0"),
        ({"halt": []}, "/halt"),
        ({"replies": {"bye": "x"}}, "/replies/bye"),
        ({"replies": {"stop": ""}}, "/replies/stop"),
    ],
)
async def test_keywords_that_cannot_be_are_refused(stack: Stack, body, pointer):
    user = await stack.user()
    answer = await stack.http.put("/api/inbound/keywords", json=body, headers=user.headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
