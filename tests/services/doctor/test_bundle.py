"""The archive for support: it says what helps, and nothing that opens something or is about people."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from runtime.settings import Settings
from runtime.temporal import connect
from services.doctor.bundle import make_bundle, shown_settings
from services.doctor.examining import Install, examine
from services.doctor.findings import failure
from store.messages import pages
from store.pool import Pool
from tests.api.leaks import leaked
from tests.databases import at
from tests.store.builders import new_account, new_gateway, new_page, set_states

PLANTED = "planted-9f3b7c21d4"


async def bundled(pool: Pool, settings: Settings) -> tuple[dict[str, Any], str]:
    """What an archive of this install has, by file, and all of it as one text."""
    install = Install(settings, pool, await connect(settings, lazy=True))
    return opened(await make_bundle(install, await examine(install)))


def opened(made: bytes) -> tuple[dict[str, Any], str]:
    with tarfile.open(fileobj=io.BytesIO(made)) as archive:
        texts = {Path(one.name).name: archive.extractfile(one).read().decode() for one in archive}  # type: ignore[union-attr]
    return {name: json.loads(text) for name, text in texts.items()}, "\n".join(texts.values())


async def test_no_secret_and_nothing_about_people_is_in_it(fresh_pool: Pool, settings: Settings):
    account_id = await new_account(fresh_pool, 5)
    await new_gateway(fresh_pool)
    page = new_page(account_id, [1, 1])
    await pages.hold(fresh_pool, page)
    await set_states(fresh_pool, page.uids, "failed")
    async with fresh_pool.connection() as conn:
        for code, uid in zip((PLANTED * 5, "+12025550000"), page.uids, strict=True):
            await conn.execute("update failures set code = %s where uid = %s", (code, uid))
        await conn.execute("update messages set reason = %s", (PLANTED,))
        await conn.execute(
            "update accounts set name = %s, email = %s where id = %s", (PLANTED, "p@example.net", account_id)
        )
    own = settings.model_copy(
        update={
            "database_url": fresh_pool.conninfo,
            "meta_app_secret": SecretStr(PLANTED),
            "temporal_api_key": None,
            "public_url": f"https://ops:{PLANTED}@example.net",
        }
    )
    found, text = await bundled(fresh_pool, own)
    password = str(conninfo_to_dict(fresh_pool.conninfo)["password"])
    secrets = [PLANTED, password, *own.keys.get_secret_value().split(":")[1:]]
    assert all(secrets), "the test has something to look for"
    assert leaked(text, [*secrets, "2025550000", "p@example.net", *page.recipients]) == []
    assert found["errors.json"] == [
        {"channel": "sms", "state": "failed", "gateway_type": None, "code": "other", "count": 2}
        | {"last_at": found["errors.json"][0]["last_at"]}
    ]


async def test_it_has_what_support_asks_for_first(fresh_pool: Pool, settings: Settings):
    own = at(fresh_pool.conninfo, settings)
    found, _ = await bundled(fresh_pool, own)
    assert found["versions.json"]["packages"]["xsender"]
    assert "queues" in {one["check"] for one in found["findings.json"]}
    assert found["schema.json"].keys() >= {"0001_tenants.sql"}
    assert {"messages_first", "wallets"} <= {one["name"] for one in found["tables.json"]}
    assert found["queues.json"]["served"] == []
    assert found["settings.json"]["keys"] == "set"


async def test_it_is_written_where_the_database_does_not_answer(settings: Settings, fresh_pool: Pool):
    away = settings.model_copy(update={"database_url": "postgresql://xsender:planted@127.0.0.1:1/x"})
    install = Install(away, fresh_pool, await connect(away, lazy=True))
    found, text = opened(await make_bundle(install, [failure("postgres", "it does not answer", "see that it runs")]))
    assert found.keys() == {"versions.json", "settings.json", "findings.json"}
    assert found["settings.json"]["database_url"] == {"host": "127.0.0.1", "port": "1", "dbname": "x"}
    assert "planted" not in text


def test_all_settings_are_named_and_texts_are_shown_only_if_they_are_known():
    shown = shown_settings(Settings(public_url="https://a:b@c.example", temporal_address="127.0.0.1:7233"))
    assert shown.keys() == Settings.model_fields.keys()
    assert shown["public_url"] == "set"
    assert shown["temporal_address"] == "127.0.0.1:7233"
