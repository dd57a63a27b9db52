"""The audit log leaves the install: as lines of JSON, and posted to endpoints of the admin that name it."""

import asyncio
from typing import Any
from uuid import uuid4

import orjson

from store.access import audit_stream
from tests.api.admin import admin
from tests.receiver import receiving
from tests.stack import Stack


async def test_a_list_is_exported_as_lines_of_json(stack: Stack):
    staff = await admin(stack)
    for _ in range(3):
        await staff.user()
    key = staff.key.split("_")[2]
    listed = await staff.data("GET", f"/audit?actor=key:{key}&action=user.created")
    answer = await staff.call("GET", f"/audit?actor=key:{key}&action=user.created&format=ndjson")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [orjson.loads(line) for line in answer.text.splitlines()] == listed


async def test_events_are_posted_once_to_endpoints_that_name_them(stack: Stack):
    staff = await admin(stack)
    async with receiving() as receiver:
        hook = {"url": receiver.url, "events": ["audit.event"], "allow_private_network": True}
        answer = await stack.http.post("/api/callbacks", json=hook, headers={"Api-key": staff.key})
        endpoint = answer.json()["data"]["id"]
        try:
            user = await staff.user()
            async with asyncio.timeout(30):
                while not any(is_about(event, user["id"]) for event in receiver.events):
                    await asyncio.sleep(0.05)
            await asyncio.gather(*(audit_stream.queue_new(stack.pool) for _ in range(3)))  # as of several workers
            events = [event["data"]["id"] for event in receiver.events]
            assert len(set(events)) == len(events)
        finally:
            await stack.http.delete(f"/api/callbacks/{endpoint}", headers={"Api-key": staff.key})


def is_about(event: dict[str, Any], user: int) -> bool:
    return event["type"] == "audit.event" and any(
        (target["type"], target["id"]) == ("user", str(user)) for target in event["data"]["targets"]
    )


async def test_users_get_no_audit_log_and_all_events_do_not_include_it(stack: Stack):
    user = await stack.user()
    hook = {"url": "https://example.com/hook", "events": ["audit.event"]}
    answer = await stack.http.post("/api/callbacks", json=hook, headers=user.headers)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "event_of_admin")
    answer = await stack.http.post("/api/callbacks", json={"url": hook["url"]}, headers=user.headers)
    where = f"/api/callbacks/{answer.json()['data']['id']}"
    changed = await stack.http.patch(where, json={"events": ["audit.event"]}, headers=user.headers)
    assert changed.status_code == 422
    staff = await admin(stack)
    everything = {"url": "https://example.com/hook", "description": uuid4().hex}
    answer = await stack.http.post("/api/callbacks", json=everything, headers={"Api-key": staff.key})
    endpoint = answer.json()["data"]["id"]
    try:
        while (await audit_stream.queue_new(stack.pool))[0]:
            pass
        where = f"/api/callbacks/{endpoint}/deliveries"
        assert (await stack.http.get(where, headers={"Api-key": staff.key})).json()["data"] == []
    finally:
        await stack.http.delete(f"/api/callbacks/{endpoint}", headers={"Api-key": staff.key})
