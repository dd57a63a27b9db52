"""Hooks from the command line."""

import json

from tests.cli.test_secrets import piped


async def test_a_hook_is_made_rotated_and_deleted(cli, user):
    of = ("--user", str(user), "--json")
    made = (await cli("hook", "add", "Shop cart", "--preset", "woocommerce", *of)).json
    assert (made["key"], made["path"]) == ("shop-cart", f"/api/automation/webhook/{made['id']}")
    assert made["has_secret"]
    listed = await cli("hook", "list", *of)
    assert [(one["key"], one["preset"]) for one in listed.json] == [("shop-cart", "woocommerce")]
    again = (await cli("hook", "rotate", "shop-cart", "--overlap", "7d", *of)).json
    assert again["id"] != made["id"]
    (found,) = (await cli("hook", "list", *of)).json
    assert found["former_id_until"] is not None
    other = (await cli("hook", "rotate-secret", "shop-cart", *of)).json
    assert other["secret"] not in (None, made["secret"])
    assert "30 days" in (await cli("hook", "rotate", "shop-cart", "--overlap", "90d", *of)).refusal
    assert (await cli("hook", "samples", "shop-cart", *of)).json == []
    events = (await cli("audit", "list", "--target", "hook:shop-cart", "--json")).json
    assert [one["action"] for one in events][:3] == ["hook.secret_rotated", "hook.rotated", "hook.created"]
    secrets = (made["id"], made["secret"], again["id"], other["secret"])
    assert not any(secret in json.dumps([listed.json, events]) for secret in secrets)
    assert (await cli("hook", "delete", "shop-cart", *of)).json == {"deleted": "shop-cart"}
    assert "no hook" in (await cli("hook", "delete", "shop-cart", *of)).refusal


async def test_a_secret_of_the_provider_is_read_from_the_input(cli, user, environment, tmp_path):
    of = ("--user", str(user), "--json")
    made = (await cli("hook", "add", "Pay", "--preset", "stripe", *of)).json
    assert (made["has_secret"], made["secret"]) == (False, None)
    assert "provider" in (await cli("hook", "rotate-secret", "pay", *of)).refusal
    command = ("hook", "rotate-secret", "pay", "--ask-secret", *of)
    out, _ = await piped(environment, tmp_path, "whsec_of_the_provider\n", *command)
    assert (json.loads(out)["has_secret"], json.loads(out)["secret"]) == (True, None)
    assert "no preset" in (await cli("hook", "add", "x", "--preset", "etsy", *of)).refusal
    assert {one["key"] for one in (await cli("hook", "presets", "--json")).json} >= {"stripe", "generic"}
