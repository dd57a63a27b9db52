"""``xsender failures``: why messages failed, and one command that sends them again."""

from tests.api.test_replay import provider, refused
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


def test_a_message_that_is_none_is_refused(refusal):
    assert "state" in refusal("failures", "replay", "--state", "lost")
