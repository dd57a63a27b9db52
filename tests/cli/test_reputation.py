"""Reputations by commands."""

from uuid import UUID

from store.reputation import pauses
from tests.store.builders import new_gateway
from tests.store.reputation_builders import bad_reports, sent_messages


async def test_rates_are_shown_and_the_guard_is_set(cli, user, pool):
    gateway = await new_gateway(pool)
    await sent_messages(pool, int(user), gateway, 200)
    await bad_reports(pool, int(user), gateway, 5)
    assert "complaint" in (await cli("reputation", "show", "--user", user)).out
    shown = (await cli("reputation", "show", "--user", user, "--json")).json
    assert (shown["guard"], shown["channels"][0]["rates"][0]["level"]) == ("warn", "pause")
    assert (await cli("reputation", "guard", "pause", "--user", user, "--json")).json["guard"] == "pause"
    assert (await cli("reputation", "show", "--user", user, "--json")).json["guard"] == "pause"
    assert (await cli("reputation", "guard", "install", "--user", user, "--json")).json["guard"] is None
    assert "--user or --gateway" in (await cli("reputation", "show")).refusal


async def test_a_gateways_pause_is_listed_and_ended(cli, pool):
    gateway = await new_gateway(pool)
    await pauses.pause_gateway(pool, gateway, "too many bounces")
    assert "too many bounces" in (await cli("reputation", "show", "--gateway", gateway)).out
    listed = (await cli("sending", "list", "--json")).json
    assert [one["reason"] for one in listed if one.get("gateway_id") == str(gateway)] == ["too many bounces"]
    assert UUID((await cli("sending", "resume", "--gateway", gateway, "--json")).json["gateway_id"]) == gateway
    assert "has not paused" in (await cli("sending", "resume", "--gateway", gateway)).refusal
    refused = await cli("sending", "resume", "--gateway", gateway, "--channel", "sms")
    assert "either a gateway" in refused.refusal


async def test_a_gateway_is_warmed_up_and_no_longer(cli, pool):
    gateway = await new_gateway(pool)
    made = (await cli("reputation", "warm-up", "--gateway", gateway, "--ladder", "sim", "--pinned", "--json")).json
    assert (made["tier"], made["day_cap"], made["pinned"]) == (0, 20, True)
    assert "tier 0 of 3, 0 of 20 today" in (await cli("reputation", "show", "--gateway", gateway)).out
    assert (
        "the tiers 0 to 3"
        in (await cli("reputation", "warm-up", "--gateway", gateway, "--ladder", "sim", "--tier", 4)).refusal
    )
    assert (await cli("reputation", "end-warm-up", "--gateway", gateway, "--json")).json == {"ended": True}
    assert "--gateway or --domain" in (await cli("reputation", "end-warm-up")).refusal
