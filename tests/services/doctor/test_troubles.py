"""What ``xsender doctor`` finds that runs out, or fails for many messages."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runtime.settings import Settings
from services.doctor import running_out, traffic
from services.doctor.findings import Finding
from store.pool import Pool
from tests.store.builders import new_account, new_gateway


async def run(pool: Pool, statement: str, *values: Any) -> None:
    async with pool.connection() as conn:
        await conn.execute(statement, values)  # type: ignore[arg-type]


def said(found: list[Finding]) -> list[tuple[str, str]]:
    return [(one.level, one.about) for one in found]


async def test_gateways_that_fail_for_many_messages_are_named(fresh_pool: Pool):
    async def attempts(minutes: int, accepted: int, refused: int) -> str:
        gateway = await new_gateway(fresh_pool)
        await run(
            fresh_pool,
            """insert into gateway_minutes (gateway_id, minute, slot, accepted, refused, retry_later, gateway_down,
                   unknown) values (%s, now() - %s * interval '1 minute', 0, %s, %s, 0, 0, 0)""",
            *(gateway, minutes, accepted, refused),
        )
        async with fresh_pool.connection() as conn:
            row = await (await conn.execute("select identifier from gateways where id = %s", (gateway,))).fetchone()
        assert row is not None
        return f"sms {row[0]}"

    await attempts(20, 0, 1000)  # long ago
    await attempts(1, 0, 49)  # few
    await attempts(1, 80, 20)
    assert [one.level for one in await traffic.check_failures(fresh_pool)] == ["ok"]
    failing = await attempts(2, 79, 21)
    (found,) = await traffic.check_failures(fresh_pool)
    assert (found.level, found.about) == ("warning", failing)
    assert found.message == f"21 of 100 attempts through {failing} failed in the last 15 minutes"


async def test_own_phones_that_are_away_and_many_of_all_are_told_apart(fresh_pool: Pool):
    async def phones(owner: int, minutes: int, count: int) -> None:
        gateway = await new_gateway(fresh_pool, owner=owner)
        for _ in range(count):
            await run(
                fresh_pool,
                """insert into devices (id, account_id, gateway_id, protocol, name, seen_at)
                   values (%s, %s, %s, 'xsender', 'Ann''s phone', now() - %s * interval '1 minute')""",
                *(uuid4(), owner, gateway, minutes),
            )

    user = await new_account(fresh_pool)
    await phones(user, 1, 7)
    await phones(user, 16, 2)
    assert said(await traffic.check_phones(fresh_pool)) == [("ok", "")]
    await phones(0, 16, 1)
    found = await traffic.check_phones(fresh_pool)
    assert said(found) == [("failure", "own"), ("warning", "all")]
    assert "3 of all 10 phones" in found[1].message
    assert not any("Ann" in one.message for one in found)


async def test_wallets_that_are_low_are_named_by_their_user(fresh_pool: Pool):
    user = await new_account(fresh_pool)
    await run(fresh_pool, "insert into credit_alerts (account_id, channel, amount) values (%s, 'sms', 5)", user)
    assert said(await running_out.check_credits(fresh_pool)) == [("ok", "")]
    await run(fresh_pool, "update credit_alerts set low_since = now()")
    (found,) = await running_out.check_credits(fresh_pool)
    assert (found.level, found.message) == ("warning", f"1 wallet is low: user {user} sms")


async def test_tokens_and_keys_that_end_are_named(fresh_pool: Pool):
    user = await new_account(fresh_pool)
    source = """insert into lead_sources (id, account_id, key, kind, name, token_until, state)
                values (%s, %s, %s, 'meta', 'Ann', now() + %s * interval '1 day', %s)"""
    for key, days, state in (
        ("late", 8, "active"),
        ("soon", 3, "active"),
        ("gone", -1, "parked"),
        ("old", -9, "parked"),
    ):
        await run(fresh_pool, source, uuid4(), user, key, days, state)
    await run(fresh_pool, source, uuid4(), user, "off", 1, "disabled")
    for key, used in (("used", 1), ("idle", 48)):
        await run(
            fresh_pool,
            """insert into api_keys (id, account_id, kind, hash, preview, scopes, expires_at)
               values (%s, 0, 'admin', '', '', '{}', now() + interval '5 days')""",
            key,
        )
        await run(
            fresh_pool,
            "insert into key_uses (key_id, last_used_at, last_used_ip) values (%s, now() - %s * interval '1 hour', '')",
            *(key, used),
        )
    found = await running_out.check_expiry(fresh_pool, Settings())
    assert said(found) == [
        ("failure", f"lead_source {user} gone"),
        ("warning", f"lead_source {user} soon"),
        ("warning", "admin_key 0 used"),
    ]
    assert "ends in 3 days" in found[1].message


async def test_the_certificate_for_temporal_is_looked_at(fresh_pool: Pool, tmp_path: Path):
    settings = Settings(temporal_tls_cert=tmp_path / "client.pem")
    for days, level in ((8, "ok"), (6, "warning"), (-1, "failure")):
        (tmp_path / "client.pem").write_bytes(certificate(datetime.now(UTC) + timedelta(days=days)))
        assert [one.level for one in await running_out.check_expiry(fresh_pool, settings)] == [level]


def certificate(ends_at: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "worker")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ends_at - timedelta(days=90))
        .not_valid_after(ends_at)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


async def test_a_disk_that_fills_up_is_found_by_what_is_known_of_it(fresh_pool: Pool, tmp_path: Path):
    assert [one.level for one in await running_out.check_disk(fresh_pool, Settings())] == ["ok"]
    used = await running_out.troubles.bytes_of_databases(fresh_pool)
    assert used > 1_000_000
    for share, level in ((0.5, "ok"), (0.85, "warning"), (0.95, "failure")):
        settings = Settings(database_disk_gb=used / share / 1e9)
        assert [one.level for one in await running_out.check_disk(fresh_pool, settings)] == [level]
    (found,) = await running_out.check_disk(fresh_pool, Settings(data_dir=tmp_path))
    assert "the disk of the data folder" in found.message
