"""API keys from the command line."""

from domain.access.api_keys import KeyKind, matches, parse
from tests.store.builders import find_key


async def test_a_users_key(cli, user, pool):
    options = ("--name", "shop", "--scopes", "send", "--allowed-ips", "192.0.2.7,2001:db8::/32", "--expires-in-days", 9)
    made = (await cli("key", "create", "--user", user, *options, "--json")).json
    parsed = parse(made["key"])
    stored = await find_key(pool, made["id"], None)
    assert (parsed.kind, parsed.id, made["user_id"]) == (KeyKind.USER, made["id"], user)
    assert matches(parsed, stored.hash)
    assert stored.principal.scopes == ["send"]
    listed = await cli("key", "list", "--user", user, "--json")
    (info,) = listed.json
    assert (info["id"], info["name"]) == (made["id"], "shop")
    assert info["allowed_ips"] == ["192.0.2.7/32", "2001:db8::/32"]
    assert made["key"] not in listed.out + (await cli("key", "list", "--user", user)).out


async def test_an_admins_key_is_rolled_and_revoked(cli, pool):
    made = (await cli("key", "create", "--admin", "--json")).json
    assert parse(made["key"]).kind is KeyKind.ADMIN
    rolled = (await cli("key", "roll", made["id"], "--overlap", 600, "--json")).json
    assert rolled["key"] != made["key"]
    old, new = await find_key(pool, made["id"], None), await find_key(pool, rolled["id"], None)
    assert old.expires_at is not None
    assert new.expires_at is None
    assert (await cli("key", "revoke", rolled["id"], "--json")).json == {"id": rolled["id"], "revoked": True}
    assert "revoked" in (await cli("key", "roll", rolled["id"])).refusal


def test_wrong_requests_are_refused(refusal):
    create = ("key", "create", "--json")
    assert "--admin" in refusal(*create)
    assert "--admin" in refusal(*create, "--user", 1, "--admin")
    assert "no user" in refusal(*create, "--user", 2**62)
    assert "fly" in refusal(*create, "--user", 1, "--scopes", "fly")
    assert "admin" in refusal(*create, "--user", 1, "--scopes", "admin")
    assert "scope" in refusal(*create, "--user", 1, "--scopes", "")
    assert "300.0.0.1" in refusal(*create, "--user", 1, "--allowed-ips", "300.0.0.1")
    assert "no key" in refusal("key", "revoke", "nosuchkey000")


async def test_keys_are_made_with_scopes_and_limits_of_their_own_and_for_tests(cli, user):
    narrow = ("--scope", "send,channel:sms", "--spend-cap", "500", "--rate-class", "high")
    made = (await cli("key", "create", "--user", user, *narrow, "--json")).json
    test = (await cli("key", "create", "--user", user, "--test", "--json")).json
    assert (made["test"], test["test"], test["key"].startswith("xs_test_")) == (False, True, True)
    keys = {key["id"]: key for key in (await cli("key", "list", "--user", user, "--json")).json}
    first, second = keys[made["id"]], keys[test["id"]]
    assert (first["scopes"], first["spend_cap"], first["rate_class"]) == (["channel:sms", "send"], 500, "high")
    assert (first["kind"], second["kind"], second["spend_cap"]) == ("user", "test", None)
    assert "only the key of a user has test" in (await cli("key", "create", "--admin", "--test")).refusal
    assert "No scope fly" in (await cli("key", "create", "--user", user, "--scope", "fly")).refusal
