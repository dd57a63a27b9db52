"""Gateways from the command line."""

import asyncio
import json
from importlib import import_module
from pkgutil import walk_packages
from uuid import UUID, uuid4

import psycopg
import pytest

import store
from domain.keyring import CREDENTIALS, Keyring
from domain.whatsapp.numbers import NumberReport
from domain.whatsapp.templates import ProviderTemplate
from gateways.registry import GATEWAY_TYPES
from runtime.temporal import connect
from services.keyring.rotating import SEALED_PLACES
from store.gateways import gateways
from store.whatsapp import numbers, templates
from tests.databases import addresses
from tests.stack import new_namespace

SECRET = "Bearer sesame-open-1234"
HTTP = json.dumps(
    {
        "url": "https://example.com/send",
        "headers": {"Authorization": SECRET},
        "body": {"to": "{{ to }}"},
        "method": "POST",
    }
)


async def test_a_gateways_life(cli, user):
    name = f"gw-{uuid4().hex}"
    options = ("--share-with", user, "--rate", "3000/min", "--priority", 5, "--on-unknown", "resend", "--json")
    add = ("gateway", "add", "--channel", "sms", "--type", "http", "--identifier", name, "--config-json", HTTP)
    added = (await cli(*add, *options)).json
    assert (added["identifier"], added["channel"], added["type"], added["account_id"]) == (name, "sms", "http", 0)
    assert (added["per_second"], added["priority"], added["on_unknown"]) == (50.0, 5, "resend")
    assert added["shared_with"] == [user]
    assert "already" in (await cli(*add, "--json")).refusal
    listed = await cli("gateway", "list", "--owner", 0, "--json")
    assert added in listed.json
    assert SECRET not in listed.out + (await cli("gateway", "list")).out
    assert (await cli("gateway", "disable", name, "--json")).json["enabled"] is False
    assert (await cli("gateway", "enable", added["id"], "--json")).json["enabled"] is True
    assert (await cli("gateway", "unshare", name, "--user", user, "--json")).json["shared_with"] == []
    assert (await cli("gateway", "share", name, "--user", user, "--json")).json["shared_with"] == [user]


async def test_a_gateway_is_changed_and_what_is_left_out_stays(cli, user, pool, settings):
    name = f"gw-{uuid4().hex}"
    add = ("gateway", "add", "--channel", "sms", "--type", "http", "--identifier", name, "--config-json", HTTP)
    added = (await cli(*add, "--rate", "5/s", "--json")).json
    update = ("gateway", "update", name, "--json")
    patch = json.dumps({"method": "PUT", "headers": {"X-Other": "x"}, "body": None})
    changed = await cli(*update, "--config-json", patch, "--priority", 3)
    assert changed.json == added | {"priority": 3, "version": changed.json["version"]}
    ring = Keyring.parse(settings.keys.get_secret_value(), CREDENTIALS)
    stored = await gateways.load(pool, ring, UUID(added["id"]))
    headers = {"Authorization": SECRET, "X-Other": "x"}
    assert stored.config == {"url": "https://example.com/send", "method": "PUT", "headers": headers}
    assert (await cli("gateway", "update", added["id"], "--rate", "none", "--json")).json["per_second"] is None
    moved = json.dumps({"url": "https://example.org/send"})
    assert "must be given again" in (await cli(*update, "--config-json", moved)).refusal
    assert "timeout" in (await cli(*update, "--config-json", '{"timeout": 0}')).refusal
    assert "no gateway" in (await cli("gateway", "update", "nowhere", "--json")).refusal
    events = (await cli("audit", "list", "--target", f"gateway:{added['id']}", "--json")).json
    assert [event["action"] for event in events] == ["gateway.updated", "gateway.updated", "gateway.created"]
    assert SECRET not in json.dumps(events)
    assert (await cli("gateway", "delete", name, "--json")).json == {"deleted": added["id"]}
    assert "no gateway" in (await cli("gateway", "delete", name, "--json")).refusal
    assert "no gateway" in (await cli("gateway", "test", added["id"], "--to", "+14155550123", "--json")).refusal


async def kept(cli, there: dict[str, str]) -> list[dict[str, object]]:
    """What is sealed with each key."""
    found = (await cli("keyring", "status", "--json", **there)).json
    return [{name: one[name] for name in ("key", "secrets", "workflows", "may_go")} for one in found]


async def test_a_key_is_rotated_out(cli, engine, settings):
    with psycopg.connect(engine.database_url, autocommit=True) as conn:
        conn.execute("create database rotation")
    old = settings.keys.get_secret_value()
    new = Keyring.generate().replace("k1:", "k2:")
    there = addresses(engine.database_url.rsplit("/", 1)[0] + "/rotation") | {
        "XSENDER_TEMPORAL_ADDRESS": settings.temporal_address,
        "XSENDER_TEMPORAL_NAMESPACE": await new_namespace(settings.temporal_address),
    }
    await cli("migrate", **there)
    await cli("gateway", "add", "--channel", "sms", "--type", "sandbox", "--identifier", "main", **there)
    test = ("gateway", "test", "main", "--channel", "sms", "--to", "+14155550123", "--json")
    assert "does not open" in (await cli(*test, **there, XSENDER_KEYS=new)).refusal
    client = await connect(settings.model_copy(update={"temporal_namespace": there["XSENDER_TEMPORAL_NAMESPACE"]}))
    started = await client.start_workflow("SendWorkflow", "waits", id="send-waits", task_queue="nobody")
    both = there | {"XSENDER_KEYS": f"{new},{old}"}
    before, now = (await cli("keyring", "rotate", "--json", **both)).json, (await cli("gateway", "reseal", **both)).out
    assert (before, now) == ({"resealed": 1}, "resealed: 1\n")
    uses = [{"key": "k2", "secrets": 1, "workflows": 0, "may_go": False}]
    assert await kept(cli, both) == [*uses, {"key": "k1", "secrets": 0, "workflows": 1, "may_go": False}]
    await started.terminate()
    async with asyncio.timeout(30):  # until Temporal's index has it
        while await kept(cli, both) != [*uses, {"key": "k1", "secrets": 0, "workflows": 0, "may_go": True}]:
            await asyncio.sleep(0.1)
    assert (await cli(*test, **there, XSENDER_KEYS=new)).json["outcome"] == "accepted"


def test_a_key_is_rotated_out_of_everything_that_has_secrets():
    names = {name for _, name, is_package in walk_packages(store.__path__, "store.") if not is_package}
    sealed = {name for name in names if hasattr(import_module(name), "reseal_all")}
    assert {place.__name__ for place in SEALED_PLACES.values()} == sealed


async def test_an_owners_gateway_on_two_channels_needs_the_channel(cli, user):
    for channel in ("sms", "email"):
        add = ("gateway", "add", "--channel", channel, "--type", "sandbox", "--identifier", "main", "--owner", user)
        assert (await cli(*add, "--json")).json["account_id"] == user
    assert len((await cli("gateway", "list", "--owner", user, "--json")).json) == 2
    assert "--channel" in (await cli("gateway", "disable", "main", "--owner", user)).refusal
    disable = ("gateway", "disable", "main", "--owner", user, "--channel", "email", "--json")
    assert (await cli(*disable)).json["channel"] == "email"
    assert "no gateway" in (await cli("gateway", "enable", "nowhere", "--owner", user, "--json")).refusal
    assert "no gateway" in (await cli("gateway", "enable", uuid4(), "--json")).refusal


async def test_a_test_message_is_really_sent(cli, user, pool):
    name = f"gw-{uuid4().hex}"
    config = json.dumps({"label": name})
    await cli("gateway", "add", "--channel", "sms", "--type", "sandbox", "--identifier", name, "--config-json", config)
    send = ("gateway", "test", name, "--channel", "sms", "--json", "--to")
    outcome = (await cli(*send, "+1 415 555 0123")).json
    assert (outcome["outcome"], outcome["to"]) == ("accepted", "+14155550123")
    async with pool.connection() as conn:
        rows = await (
            await conn.execute("select recipient from sandbox_messages where gateway = %s", (name,))
        ).fetchall()
    assert rows == [("+14155550123",)]
    refused = await cli(*send, "+15005550001")
    assert (refused.code, json.loads(refused.out)["outcome"]) == (1, "refused")
    assert "country code" in (await cli(*send, "12")).refusal
    assert "no gateway" in (await cli("gateway", "test", name, "--channel", "email", "--to", "a@example.com")).refusal


async def test_a_gateway_is_paused_drained_resumed_and_watched(cli, user):
    add = ("gateway", "add", "--channel", "sms", "--type", "sandbox", "--identifier", "main", "--owner", user)
    added = (await cli(*add, "--json")).json
    assert (added["mode"], added["breaker"]) == ("active", "closed")
    for command, mode in (("pause", "paused"), ("drain", "draining"), ("resume", "active")):
        changed = (await cli("gateway", command, "main", "--owner", user, "--json")).json
        assert changed == added | {"mode": mode, "version": changed["version"]}
        assert (await cli("gateway", "health", added["id"], "--json")).json["mode"] == mode
    health = (await cli("gateway", "health", "main", "--owner", user, "--json")).json
    assert (health["enabled"], health["breaker"]["state"], health["last_accepted_at"]) == (True, "closed", None)
    assert health["last_15_minutes"]["accepted"] == 0
    assert "breaker: state closed" in (await cli("gateway", "health", added["id"])).out
    assert "active" in (await cli("gateway", "list", "--owner", user)).out
    assert "no gateway" in (await cli("gateway", "pause", uuid4(), "--json")).refusal
    assert "no gateway" in (await cli("gateway", "health", uuid4(), "--json")).refusal


async def test_templates_of_whatsapp_and_the_numbers_quality_are_shown(cli, user, pool):
    add = ("gateway", "add", "--channel", "whatsapp", "--type", "sandbox", "--identifier", "wa", "--owner", user)
    gateway = UUID((await cli(*add, "--json")).json["id"])
    shown = ("gateway", "templates", "wa", "--owner", user, "--json")
    assert (await cli(*shown)).json == []
    assert (await cli("gateway", "health", gateway, "--json")).json["number"] is None
    async with pool.connection() as conn:
        await conn.execute("insert into template_syncs (gateway_id) values (%s)", (gateway,))
    await templates.replace(pool, gateway, [ProviderTemplate("hello", "en_US", "1", "utility", "PAUSED", [])])
    await numbers.note_read(pool, gateway, NumberReport("+15550953877", "RED", "TIER_2K"))
    (listed,) = (await cli(*shown)).json
    assert (listed["name"], listed["status"], listed["category"]) == ("hello", "PAUSED", "utility")
    health = (await cli("gateway", "health", gateway, "--json")).json
    assert (health["number"]["quality"], health["number"]["messaging_limit"]) == ("RED", "TIER_2K")
    assert "no gateway" in (await cli("gateway", "templates", uuid4(), "--json")).refusal


async def test_types_are_listed_with_what_goes_into_their_configuration(cli):
    types = {entry["type"]: entry for entry in (await cli("gateway", "types", "--json")).json}
    assert types.keys() == GATEWAY_TYPES.keys()
    schema = types["smtp"]["config"]
    assert types["smtp"]["channels"] == ["email"]
    assert schema["properties"]["password"]["writeOnly"] is True
    assert "host" in schema["required"]
    printed = (await cli("gateway", "types")).out
    assert "password (secret)" in printed
    assert "host (required)" in printed


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--type", "pigeon"], "known are"),
        (["--type", "http", "--config-json", "{}"], "url"),
        (["--type", "http", "--config-json", HTTP.replace("url", "uri")], "uri"),
        (["--type", "sandbox", "--rate", "50"], "50/s"),
        (["--type", "sandbox", "--rate", "0/s"], "50/s"),
        (["--type", "sandbox", "--share-with", "9999999"], "no user 9999999"),
        (["--type", "sandbox", "--owner", "9999999"], "no user 9999999"),
        (["--type", "sandbox", "--identifier", "a b"], "identifier"),
        (["--type", "sandbox", "--on-unknown", "guess"], "guess"),
        (["--type", "sandbox", "--channel", "fax"], "fax"),
    ],
)
def test_a_wrong_gateway_is_refused(refusal, options, complaint):
    message = refusal("gateway", "add", "--channel", "sms", "--identifier", "x", *options, "--json")
    assert complaint in message
    assert SECRET not in message
