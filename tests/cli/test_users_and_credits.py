"""Users, plans and credits from the command line."""

import json
from uuid import uuid4

import pytest

from store.credits.requests import add

EMPTY = {"available": 0, "held": 0, "spent": 0, "granted": 0}


async def test_a_users_life(cli):
    email = f"{uuid4().hex}@example.com"
    created = (await cli("user", "create", "--email", f" {email} ", "--name", "Ada L", "--json")).json
    assert (created["email"], created["name"], created["status"], created["plan"]) == (email, "Ada L", "active", None)
    taken = await cli("user", "create", "--email", email, "--name", "Other", "--json")
    assert "already" in taken.refusal
    assert (await cli("user", "suspend", created["id"], "--json")).json["status"] == "suspended"
    assert (await cli("user", "resume", created["id"], "--json")).json["status"] == "active"
    listed = (await cli("user", "list", "--json")).json
    assert created in listed
    assert (await cli("user", "delete", created["id"], "--json")).json["status"] == "deleted"
    assert "no user" in (await cli("user", "suspend", created["id"])).refusal


async def test_credits_go_up_and_down(cli, user):
    assert (await cli("credit", "show", "--user", user, "--json")).json == dict.fromkeys(
        ("email", "sms", "whatsapp"), EMPTY
    )
    grant = str(uuid4())
    topup = ("credit", "topup", "--user", user, "--channel", "sms", "--amount", 10, "--grant-id", grant, "--json")
    wallet = {"available": 10, "held": 0, "spent": 0, "granted": 10}
    for _ in range(2):
        assert (await cli(*topup)).json == {"grant_id": grant, "user_id": user, "channel": "sms", **wallet}
    deduct = ("credit", "deduct", "--user", user, "--channel", "sms", "--json")
    assert "fewer than 11" in (await cli(*deduct, "--amount", 11)).refusal
    assert (await cli(*deduct, "--amount", 4, "--note", "a refund")).json["available"] == 6
    assert (await cli("credit", "show", "--user", user, "--json")).json["sms"]["granted"] == 6
    assert "sms: available 6, held 0, spent 0, granted 6" in (await cli("credit", "show", "--user", user)).out
    assert (await cli("credit", "audit", "--json")).json == []


@pytest.mark.parametrize("amount", ["0", "-5", "1.0", "1e3", "nan", "ten", "", "9" * 40, "9" * 50])
def test_a_wrong_amount_is_named(refusal, amount):
    assert "amount" in refusal("credit", "topup", "--user", 1, "--channel", "sms", f"--amount={amount}", "--json")


@pytest.mark.parametrize("user", ["abc", "", "0", "-1", "1.0", str(2**63), str(2**63 - 1), "9" * 50])
def test_a_bad_or_unknown_user_is_refused(refusal, user):
    assert "user" in refusal("credit", "show", f"--user={user}", "--json")


async def test_a_plan_is_created_listed_and_assigned(cli, user):
    name = f"plan {uuid4()}"
    config = {
        "price_cents": 900,
        "period": "year",
        "channels": {"sms": {"credits": 7, "daily_limit": 5, "carry_over": None}},
    }
    created = (await cli("plan", "create", "--name", name, "--config-json", json.dumps(config), "--json")).json
    assert (created["name"], created["price_cents"], created["channels"]) == (name, 900, config["channels"])
    assert created in (await cli("plan", "list", "--json")).json
    assert (await cli("plan", "assign", "--user", user, "--plan", name, "--json")).json["plan"] == name
    assert (await cli("credit", "show", "--user", user, "--json")).json["sms"]["available"] == 7
    subscriber = ("user", "create", "--email", f"{uuid4().hex}@example.com", "--name", "Bo", "--plan", name, "--json")
    assert (await cli(*subscriber)).json["plan"] == name
    assert "already" in (await cli("plan", "create", "--name", name)).refusal
    assert "no plan nowhere" in (await cli("plan", "assign", "--user", user, "--plan", "nowhere")).refusal


async def test_a_plan_is_shown_changed_and_deleted(cli, user):
    name = f"plan {uuid4()}"
    config = {"price_cents": 900, "channels": {"sms": {"credits": 7, "daily_limit": 5}, "email": {"credits": 1}}}
    created = (await cli("plan", "create", "--name", name, "--config-json", json.dumps(config), "--json")).json
    assert (await cli("plan", "show", name, "--json")).json == created
    patch = {"name": f"{name} b", "price_cents": None, "channels": {"sms": {"daily_limit": 6}, "email": None}}
    changed = (await cli("plan", "update", name, "--config-json", json.dumps(patch), "--json")).json
    expected = {
        "name": f"{name} b",
        "price_cents": 0,
        "channels": {"sms": {"credits": 7, "daily_limit": 6, "carry_over": None}},
    }
    assert changed == created | expected
    await cli("plan", "assign", "--user", user, "--plan", changed["name"])
    assert f"have this plan: {user}" in (await cli("plan", "delete", changed["name"])).refusal
    other = f"plan {uuid4()}"
    await cli("plan", "create", "--name", other)
    await cli("plan", "assign", "--user", user, "--plan", other)
    deleted = await cli("plan", "delete", changed["name"], "--json")
    assert deleted.json == {"name": changed["name"], "deleted": True}
    assert "no plan" in (await cli("plan", "show", changed["name"])).refusal
    events = (await cli("audit", "list", "--json")).json
    logged = [event["action"] for event in events if event["action"].startswith("plan.")]
    assert {"plan.created", "plan.updated", "plan.deleted"} <= set(logged)


@pytest.mark.parametrize(
    ("patch", "complaint"),
    [("[]", "must be a JSON object"), ('{"name": null}', "name"), ('{"channels": {"fax": {}}}', "fax")],
)
async def test_a_malformed_change_of_a_plan_is_refused(cli, patch, complaint):
    name = f"plan {uuid4()}"
    created = (await cli("plan", "create", "--name", name, "--json")).json
    refused = await cli("plan", "update", name, "--config-json", patch, "--json")
    assert complaint in refused.refusal
    assert (await cli("plan", "show", name, "--json")).json == created


async def test_a_plans_renewal_is_switched_on_and_off(cli, user):
    name = f"plan {uuid4()}"
    assert "no plan" in (await cli("plan", "set-renewal", "--user", user, "--renew")).refusal
    await cli("plan", "create", "--name", name)
    assert (await cli("plan", "assign", "--user", user, "--plan", name, "--json")).json["plan_renews"] is True
    once = await cli("plan", "assign", "--user", user, "--plan", name, "--no-renew", "--json")
    assert once.json["plan_renews"] is False
    switched = await cli("plan", "set-renewal", "--user", user, "--renew", "--json")
    assert switched.json == once.json | {"plan_renews": True}


async def test_a_users_time_zone(cli, user):
    assert (await cli("user", "set-time-zone", user, "Asia/Kolkata", "--json")).json["time_zone"] == "Asia/Kolkata"
    assert (await cli("user", "set-default-region", user, "fr", "--json")).json["default_region"] == "FR"
    assert "no country ZZ" in (await cli("user", "set-default-region", user, "ZZ")).refusal
    assert (await cli("user", "set-default-region", user, "-", "--json")).json["default_region"] is None
    assert "no time zone Nowhere" in (await cli("user", "set-time-zone", user, "Nowhere")).refusal


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ("[]", "must be a JSON object"),
        ("{", "not JSON"),
        ('{"price_cents": NaN}', "not JSON"),
        ('{"price": 1}', "price"),
        ('{"channels": {"fax": {}}}', "fax"),
        ('{"gateways": ["nowhere"]}', "no gateway nowhere"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_malformed_plan_is_refused(refusal, config, complaint):
    assert complaint in refusal("plan", "create", "--name", f"plan {uuid4()}", "--config-json", config, "--json")


async def test_the_journal_lists_what_was_moved(cli, user):
    for command, amount in (("topup", 5), ("deduct", 2)):
        await cli("credit", command, "--user", user, "--channel", "sms", "--amount", amount, "--note", command)
    entries = (await cli("credit", "journal", "--user", user, "--json")).json
    assert [(entry["kind"], entry["amount"], entry["note"]) for entry in entries] == [
        ("deduct", 2, "deduct"),
        ("grant", 5, "topup"),
    ]
    of_one = (await cli("credit", "journal", "--user", user, "--uid", entries[0]["uid"], "--json")).json
    assert of_one == entries[:1]


async def test_credits_are_transferred(cli, user):
    await cli("credit", "topup", "--user", user, "--channel", "sms", "--amount", 5)
    other = (await cli("user", "create", "--email", f"{uuid4().hex}@example.com", "--name", "Bo", "--json")).json["id"]
    move = ("credit", "transfer", "--user", user, "--to", other, "--channel", "sms", "--json")
    moved = (await cli(*move, "--amount", 3, "--note", "shared")).json
    assert (moved["from"]["available"], moved["to"]["available"]) == (2, 3)
    (entry,) = (await cli("credit", "journal", "--user", other, "--json")).json
    assert (entry["kind"], entry["amount"], entry["other_account"], entry["uid"]) == ("transfer", 3, user, moved["uid"])
    assert "fewer than 3" in (await cli(*move, "--amount", 3)).refusal


async def test_what_users_ask_for_is_listed_approved_and_rejected(cli, user, pool):
    first, second = [await add(pool, user, uuid4(), "sms", 5, "invoice", None) for _ in range(2)]
    waiting = (await cli("credit", "requests", "--json")).json
    assert [entry["id"] for entry in waiting if entry["account_id"] == user] == [second.id, first.id]
    approved = (await cli("credit", "approve", first.id, "--amount", 4, "--json")).json
    assert (approved["state"], approved["granted"]) == ("approved", 4)
    assert "is approved" in (await cli("credit", "approve", first.id)).refusal
    rejected = (await cli("credit", "reject", second.id, "--reason", "unpaid", "--json")).json
    assert (rejected["state"], rejected["reason"]) == ("rejected", "unpaid")
    assert (await cli("credit", "show", "--user", user, "--json")).json["sms"]["available"] == 4
    assert "no request 999999" in (await cli("credit", "approve", 999999)).refusal


async def test_a_users_plan_and_what_is_left_of_it(cli, user):
    name = f"plan {uuid4()}"
    config = {"channels": {"sms": {"credits": 7, "carry_over": 2}}}
    await cli("plan", "create", "--name", name, "--config-json", json.dumps(config))
    await cli("plan", "assign", "--user", user, "--plan", name)
    shown = (await cli("user", "subscription", user, "--json")).json
    assert (shown["plan"], shown["state"], shown["change"]) == (name, "active", None)
    assert shown["credits"] == {"sms": {"credits": 7, "left": 7, "carry_over": 2}}


async def test_a_suspension_cancels_what_waits_by_an_operation_or_keeps_it(cli, user):
    assert (await cli("user", "suspend", user, "--keep-waiting", "--json")).json["operation"] is None
    operation = (await cli("user", "suspend", user, "--json")).json["operation"]
    shown = (await cli("operation", "show", operation, "--json")).json
    assert (shown["kind"], shown["user_id"]) == ("messages.cancel_waiting", user)
    await cli("user", "resume", user)
