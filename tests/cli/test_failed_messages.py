"""``xsender failures``: why messages failed, and one command that sends them again."""

from datetime import UTC, datetime
from uuid import uuid4

from tests.api.test_replay import provider, refused
from tests.leads_made import new_lead, new_source
from tests.stack import Stack


async def test_one_command_sends_all_again_that_failed(stack: Stack, cli):
    user = await stack.user(credit=3)
    async with provider(stack, user) as playing:
        uids = await refused(stack, user, 3)
        (cause,) = (await cli("failures", "list", "--user", user.id, "--json")).json
        assert (cause["code"], cause["count"]) == ("http_400", 3)
        assert (await cli("failures", "show", uids[0], "--json")).json["attempts"][0]["code"] == "http_400"
        playing.is_broken = False
        chosen = ("--user", user.id, "--code", "http_400")
        dry = (await cli("failures", "replay", *chosen, "--dry-run", "--json")).json
        assert dry == {"messages": 3, "credits": {"sms": 3}, "left_out": {}, "complete": True, "operation": None}
        done = (await cli("failures", "replay", *chosen, "--wait", "--json")).json
        assert (done["state"], done["result"]) == ("done", {"replayed": 3, "credits": {"sms": 3}})
        for uid in uids:
            assert (await stack.final(user, "sms", uid))["state"] == "sent"
        assert playing.arrived == dict.fromkeys(uids, 1)
        assert "messages: 0" in (await cli("failures", "replay", uids[0])).out, "it is sent"


async def test_failed_leads_are_listed_shown_and_taken_again(stack: Stack, cli):
    user = await stack.user()
    source = await new_source(stack.pool, user.id, "meta", page_id=uuid4().hex)
    lead = await new_lead(stack.pool, source, "webhook", state="failed", code="mapping", ended_at=datetime.now(UTC))
    (cause,) = (await cli("failures", "list", "--user", user.id, "--json")).json
    assert (cause["kind"], cause["lead_source"], cause["count"]) == ("lead", source.key, 1)
    assert source.key in (await cli("failures", "list", "--user", user.id)).out
    assert (await cli("failures", "show", lead, "--json")).json["why"] is None
    chosen = ("--user", user.id, "--kind", "lead", "--code", "mapping", "--json")
    dry = (await cli("failures", "replay", *chosen, "--dry-run")).json
    assert dry == {"leads": 1, "left_out": {}, "complete": True, "operations": []}
    assert (await cli("failures", "replay", lead, "--json")).json["leads"] == 1
    assert (await cli("failures", "replay", *chosen, "--dry-run")).json["leads"] == 0


def test_a_kind_that_is_none_is_refused(refusal):
    assert "use one of message, run, lead" in refusal("failures", "list", "--kind", "fax")


def test_a_message_that_is_none_is_refused(refusal):
    assert "state" in refusal("failures", "replay", "--state", "lost")
