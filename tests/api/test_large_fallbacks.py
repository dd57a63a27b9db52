"""Pages of personal texts with fallbacks: what passes through a workflow grows with the page, not with its square."""

import asyncio
from collections import Counter
from uuid import UUID

from temporalio.client import WorkflowHistory

from domain.ids import page_of, send_workflow_id
from gateways.conformance.fake_provider import answer, serve
from tests.stack import Stack, User

CONTACTS = 90
TEXT = "Dear customer number {n}, your parcel could not be brought to you today, so it waits at the counter."


async def ended(stack: Stack, user: User, channel: str, uids: list[str]) -> Counter[str]:
    return Counter([(await stack.final(user, channel, uid, timeout=60))["state"] for uid in uids])


def largest_event(history: WorkflowHistory) -> int:
    return max(event.ByteSize() for event in history.events)


async def test_ninety_refused_messages_with_personal_texts_are_all_followed(stack: Stack):
    user = await stack.user(credit=1000)
    async with serve(answer(400, b"{}")) as refusing:
        await stack.gateway(user.id, "sms", "http", {"url": refusing.url, "body": {}, "allow_private_network": True})
        await stack.gateway(user.id, "email", "sandbox", {})
        contacts = [
            {
                "number": f"+1415555{n:04}",
                "body": TEXT.format(n=n),
                "fallback": [
                    {
                        "channel": "email",
                        "after": "1h",
                        "email": f"user{n}@example.com",
                        "subject": "Your parcel",
                        "message": TEXT.format(n=n),
                    }
                ],
            }
            for n in range(CONTACTS)
        ]
        accepted = await stack.send(user, "sms", *contacts)
        assert accepted.status_code == 200, accepted.text
        uids = [item["uid"] for item in accepted.json()["data"]]
        assert await ended(stack, user, "sms", uids) == {"rejected": CONTACTS}

        async with asyncio.timeout(60):
            while None in (fallbacks := [(await stack.status(user, "sms", uid))["fallback_uid"] for uid in uids]):
                await asyncio.sleep(0.1)
    assert await ended(stack, user, "email", fallbacks) == {"sent": CONTACTS}
    pages = {page_of(UUID(uid)) for uid in fallbacks}
    assert len(pages) < CONTACTS / 3, "fallbacks that are due together share pages"
    said = CONTACTS * 2 * len(TEXT)
    for page in (page_of(UUID(uids[0])), *pages):
        history = await stack.temporal.get_workflow_handle(send_workflow_id(page)).fetch_history()
        assert largest_event(history) < 6 * said, "an event is as large as the page, about"
        assert sum(event.ByteSize() for event in history.events) < 30 * said
