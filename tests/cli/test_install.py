"""Which install a command talks to, what it says when that is not there, and the first run."""

import json
import stat

import psycopg
import pytest

from domain.access.api_keys import matches, parse
from domain.access.user_scopes import SCOPES
from embedded.first_run import ensure_first_run
from runtime.settings import Settings
from store.accounts.credits import Wallet, show
from store.gateways.gateways import by_identifier, named
from tests.databases import addresses, at
from tests.store.builders import find_key


@pytest.fixture
def folder(tmp_path, environment):
    """The folder of an install; the environment names none."""
    install = tmp_path / ".xsender"
    install.mkdir()
    given = [name for name in environment if name.startswith("XSENDER_")]
    written = {name.removeprefix("XSENDER_").lower(): environment.pop(name) for name in given}
    (install / "install.json").write_text(json.dumps(written))
    return install


async def test_an_install_is_found_by_option_environment_or_place(cli, folder):
    for run in (cli("--data-dir", folder, "user", "list"), cli("user", "list", XSENDER_DATA_DIR=str(folder))):
        assert (await run).code == 0
    assert (await cli("user", "list", "--json")).code == 0
    other = folder / "none"
    for run in (cli("--data-dir", other, "user", "list"), cli("user", "list", XSENDER_DATA_DIR=str(other))):
        assert "xsender dev" in (await run).refusal


async def test_a_database_that_is_away_or_empty_is_named(cli, engine, environment):
    away = addresses(engine.database_url.replace("127.0.0.1", "127.0.0.2"))
    assert "does not answer" in (await cli("user", "list", "--json", **away)).refusal
    with psycopg.connect(engine.database_url, autocommit=True) as conn:
        conn.execute("create database empty")
    empty = addresses(engine.database_url.rsplit("/", 1)[0] + "/empty")
    assert "xsender migrate" in (await cli("user", "list", **empty)).refusal
    assert (await cli("migrate", "--json", **empty)).json["applied"][0] == "0001_tenants.sql"
    assert (await cli("migrate", "--json", **empty)).json == {"applied": []}
    assert (await cli("user", "list", "--json", **empty)).json == []


def test_missing_keys_are_named(refusal, monkeypatch):
    add = ("gateway", "add", "--channel", "sms", "--type", "sandbox", "--identifier", "x")
    for keys in ("", "k1:short"):
        monkeypatch.setenv("XSENDER_KEYS", keys)
        assert "keys" in refusal(*add)


def test_what_is_no_command_is_refused(refusal):
    for wrong in (("fly",), ("user", "fly"), ("user", "create"), ("user", "suspend", "\udcff"), ("--fly",)):
        assert refusal(*wrong)


@pytest.mark.parametrize("more", [(), ("--processes", "2")])
def test_a_worker_of_no_known_queue_is_refused(refusal, more):
    assert "queue nowhere: use xsender, " in refusal("worker", "--queues", "xsender,nowhere", *more)
    assert "No queue" in refusal("worker", "--queues", ",", *more)


def test_a_worker_of_no_process_is_refused(refusal):
    assert "processes" in refusal("worker", "--processes", "0")


def test_dev_refuses_what_cannot_work(refusal):
    for wrong in (("--host", "nowhere"), ("--port", 0), ("--postgres-port", 8000), ("--data-dir", "/dev/null")):
        assert refusal("dev", *wrong)


@pytest.fixture
def install(settings: Settings, tmp_path) -> Settings:
    own = at(settings.database_session_url, settings)
    return own.model_copy(update={"data_dir": tmp_path, "public_url": "http://127.0.0.1:8000"})


async def test_the_first_run_makes_a_working_demo(install, pool):
    await ensure_first_run(install)
    file = install.data_dir / "first-run.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = json.loads(file.read_text())
    names = ("url", "admin_key", "user_key", "user_id", "temporal_address", "temporal_ui", "database_url")
    assert set(first) == set(names)
    key = await find_key(pool, parse(first["user_key"]).id, "sms")
    assert matches(parse(first["user_key"]), key.hash)
    assert (key.principal.account_id, key.principal.available) == (first["user_id"], 1000)
    assert set(key.principal.scopes) == set(SCOPES), "what the docs show works with it"
    assert parse(first["admin_key"]).kind == "admin"
    for channel in ("email", "sms", "whatsapp"):
        gateway = await by_identifier(pool, first["user_id"], channel, f"sandbox-{channel}")
        assert (gateway.type, gateway.account_id) == ("sandbox", 0)
        assert first["user_id"] in gateway.shared_with, "other tests' accounts may have it, too"


async def test_a_later_start_refreshes_addresses_and_keeps_keys(install):
    await ensure_first_run(install)
    file = install.data_dir / "first-run.json"
    first = json.loads(file.read_text())
    await ensure_first_run(install.model_copy(update={"public_url": "http://127.0.0.1:9000"}))
    assert json.loads(file.read_text()) == first | {"url": "http://127.0.0.1:9000"}


async def test_a_first_run_that_was_cut_short_is_healed(install, pool):
    await ensure_first_run(install)
    file = install.data_dir / "first-run.json"
    lost = json.loads(file.read_text())
    file.unlink()
    await ensure_first_run(install)
    again = json.loads(file.read_text())
    assert again["user_id"] == lost["user_id"]
    assert again["user_key"] != lost["user_key"]
    assert (await find_key(pool, parse(lost["user_key"]).id, None)).revoked_at is not None
    assert (await find_key(pool, parse(again["user_key"]).id, None)).revoked_at is None
    assert (await show(pool, again["user_id"]))["sms"] == Wallet(1000, 0, 0, 1000)
    assert len(await named(pool, 0, "sandbox-sms")) == 1
