"""``xsender doctor`` from the command line; what it finds is tested in tests/services/doctor."""

import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path

from services.keyring.rotating import SEALED_PLACES
from store.doctor.server import SEALED
from tests.databases import addresses
from tests.stack import new_namespace


async def test_it_says_what_is_wrong_and_fails_if_something_does_not_work(cli, tmp_path):
    bundle = tmp_path / "support.tar.gz"
    ended = await cli("doctor", "--json", "--bundle", str(bundle), XSENDER_TEMPORAL_ADDRESS="127.0.0.1:1")
    said = json.loads(ended.out)
    findings = {one["check"]: one for one in said["findings"]}
    assert findings["schema"]["level"] == findings["wallets"]["level"] == "ok"
    assert "127.0.0.1:1" in findings["temporal"]["message"]
    assert (ended.code, said["ok"]) == (1, False)
    assert all(one["remedy"] for one in said["findings"] if one["level"] != "ok")
    with tarfile.open(bundle) as archive:
        assert "xsender-support/findings.json" in archive.getnames()


def test_it_looks_at_all_secrets_of_the_key_ring():
    texts = {place.__name__: Path(place.__file__ or "").read_text() for place in SEALED_PLACES.values()}
    tables = {table for table, _ in SEALED}
    assert {name for name, text in texts.items() if not any(f"update {table} " in text for table in tables)} == set()
    for table, column in SEALED:
        assert any(f"update {table} set {column}" in text or f" {column} = %s" in text for text in texts.values()), (
            column
        )


async def test_it_compares_a_restored_database_with_temporal(cli, fresh_pool, settings):
    own = addresses(fresh_pool.conninfo) | {
        "XSENDER_TEMPORAL_ADDRESS": settings.temporal_address,
        "XSENDER_TEMPORAL_NAMESPACE": await new_namespace(settings.temporal_address),
    }
    now = datetime.now(UTC).isoformat(timespec="seconds")
    said = (await cli("doctor", "--reconcile", "--since", now, "--json", **own)).json
    assert said == {"since": now, "applied": False, "differences": {}, "to_decide": {}}
    assert "--since" in (await cli("doctor", "--reconcile", **own)).refusal, "no worker says how old it is"
    assert "--reconcile" in (await cli("doctor", "--apply", **own)).refusal


async def test_a_benchmark_of_an_api_that_is_not_there_fails(cli):
    ended = await cli("benchmark", "--json", "--url", "http://127.0.0.1:1", "--messages", "1", "--batch", "1000")
    said = json.loads(ended.out)
    assert (ended.code, said["ok"]) == (1, False)
    assert {one["verdict"] for one in said["stages"]} == {"fail"}
