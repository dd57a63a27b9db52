"""``xsender message``: outcomes decided by hand, and what stands still."""

import asyncio
import json
from uuid import uuid4

from store import workflow_checks
from tests.api.test_message_lists import refused
from tests.api.test_resolve import in_doubt, provider
from tests.stack import Stack
from tests.worker import lost


async def test_messages_are_resolved_each_by_itself(stack: Stack, cli):
    user = await stack.user(credit=2)
    async with provider(stack, user):
        first, second, missing = await in_doubt(stack, user), await in_doubt(stack, user), str(uuid4())
    ended = await cli("message", "resolve", first, missing, second, "--as", "failed", "--reason", "refunded", "--json")
    assert ended.code == 1
    done = {entry["uid"]: entry for entry in json.loads(ended.out)}
    for uid in (first, second):
        assert done[uid] == {"uid": uid, "as": "failed", "state": "failed", "credit": "released", "error": None}
    assert "no message" in done[missing]["error"]
    assert await lost.wallet(stack, user) == (2, 0, 0)
    assert (await cli("message", "resolve", first, "--as", "failed", "--json")).json[0]["state"] == "failed"


async def test_a_message_is_sent_again(stack: Stack, cli, settings):
    user = await stack.user(credit=1)
    async with provider(stack, user) as playing:
        uid = await in_doubt(stack, user)
        playing.loses = False
        address = {"XSENDER_TEMPORAL_ADDRESS": settings.temporal_address}
        (entry,) = (await cli("message", "resolve", uid, "--as", "resend", "--json", **address)).json
        assert (entry["as"], entry["error"]) == ("resend", None)
        async with asyncio.timeout(20):
            while (await stack.status(user, "sms", uid))["state"] != "sent":
                await asyncio.sleep(0.02)
        assert playing.arrived == {uid: 2}


async def test_what_stands_still_is_listed(stack: Stack, cli):
    page = uuid4()
    await workflow_checks.note_failing(stack.pool, page, 7, 60)
    shown = {entry["id"]: entry["tries"] for entry in (await cli("message", "stuck", "--json")).json}
    assert shown[str(page)] == 7
    await workflow_checks.put_off(stack.pool, page, 0)
    assert str(page) not in [entry["id"] for entry in (await cli("message", "stuck", "--json")).json]


async def test_messages_and_failures_are_listed(stack: Stack, cli):
    user = await stack.user()
    (first, second) = await refused(stack, user, "blocked", 2)
    listed = (await cli("message", "list", "--user", user.id, "--state", "rejected,failed", "--json")).json
    assert [entry["uid"] for entry in listed] == [str(second), str(first)]
    assert (listed[0]["recipient"], listed[0]["code"]) == ("+12025550001", "blocked")
    for filters, expected in (
        (("--uid", first), [str(first)]),
        (("--user", user.id, "--code", "none"), []),
        (("--user", user.id, "--recipient", "+1 202-555-0000"), [str(first)]),
        (("--user", user.id, "--created-before", "2026-01-01T00:00:00Z"), []),
        (("--user", user.id, "--limit", 1), [str(second)]),
    ):
        found = (await cli("message", "list", *filters, "--json")).json
        assert [entry["uid"] for entry in found] == expected, filters
    (cause,) = (await cli("message", "failures", "--user", user.id, "--json")).json
    assert (cause["channel"], cause["code"], cause["count"]) == ("sms", "blocked", 2)
    shown = await cli("message", "failures", "--user", user.id)
    assert "blocked" in shown.out


def test_filters_that_mean_nothing_are_refused(refusal):
    assert "the states are" in refusal("message", "list", "--state", "lost")
    assert "2026-11-28T09:30:00Z" in refusal("message", "list", "--created-after", "yesterday")


def test_what_is_no_uid_is_refused(refusal):
    assert "UUID" in refusal("message", "resolve", "none", "--as", "sent")
