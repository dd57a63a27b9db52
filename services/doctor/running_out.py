"""What runs out: credits, tokens, certificates, room on a disk."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from runtime.settings import Settings
from services.doctor.findings import Finding, failure, ok, warning
from services.doctor.limits import DATABASES_USED, DISK_FREE, EXPIRY_DAYS, NAMED
from services.doctor.words import listed, span
from store.doctor import troubles
from store.doctor.troubles import Ending
from store.pool import Pool

_DAY = 86_400.0
_GB = 1e9


async def check_credits(pool: Pool) -> list[Finding]:
    """Wallets that are low, as whoever set their alert means it."""
    count, wallets = await troubles.low_wallets(pool, NAMED)
    if not count:
        return [ok("credits", "no wallet with an alert is low")]
    names = listed([f"user {account_id} {channel}" for account_id, channel in wallets], count)
    text = f"{count} {'wallet is' if count == 1 else 'wallets are'} low: {names}"
    return [warning("credits", text, "their users were told; xsender credit topup adds credits")]


async def check_expiry(pool: Pool, settings: Settings) -> list[Finding]:
    """Tokens, keys and the certificate for Temporal that end soon."""
    findings = [_ending(one) for one in await troubles.ending(pool, EXPIRY_DAYS, NAMED)]
    if settings.temporal_tls_cert is not None:
        findings += _certificate(settings.temporal_tls_cert)
    return findings or [ok("expiry", f"nothing that is known to end does so within {EXPIRY_DAYS:.0f} days")]


def _ending(one: Ending) -> Finding:
    if one.what == "lead_source":
        of = f"the token of the source of leads {one.name} of user {one.account_id}"
        remedy = "without one its leads wait; a new one is set at PATCH /api/lead-sources, and none is lost"
    else:
        of = f"the {one.what.removesuffix('_key')} key {one.name}, which is in use,"
        remedy = "whoever uses it needs a new one: xsender key create"
    return _end(of, one.rest, remedy, f"{one.what} {one.account_id} {one.name}")


def _certificate(file: Path) -> list[Finding]:
    try:
        ends_at = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return []  # processes that connect say what is wrong with it
    rest = (ends_at - datetime.now(UTC)).total_seconds()
    if rest > EXPIRY_DAYS * _DAY:
        return []
    remedy = "renew the file of XSENDER_TEMPORAL_TLS_CERT and restart all processes: without it nothing is sent"
    return [_end("the certificate for Temporal", rest, remedy, "temporal")]


def _end(of: str, rest: float, remedy: str, about: str) -> Finding:
    if rest <= 0:
        return failure("expiry", f"{of} has ended", remedy, about=about)
    return warning("expiry", f"{of} ends in {span(rest)}", remedy, about=about)


async def check_disk(pool: Pool, settings: Settings) -> list[Finding]:
    """Whether the database's disk has room: that of the data folder, or the one whose size is set."""
    if settings.data_dir is not None:
        return [_disk(settings.data_dir)]
    used = await troubles.bytes_of_databases(pool)
    most = (settings.database_disk_gb or 0) * _GB
    if not most:
        text = f"the databases take {used / _GB:.1f} GB; XSENDER_DATABASE_DISK_GB says how much there is room for"
        return [ok("disk", text)]
    text = f"the databases take {used / _GB:.1f} GB of {most / _GB:.0f} GB"
    remedy = "enlarge the disk, or keep messages for fewer months (settings, retention.keep_months)"
    return [_level(used / most > DATABASES_USED["failure"], used / most > DATABASES_USED["warning"], text, remedy)]


def _disk(folder: Path) -> Finding:
    found = shutil.disk_usage(folder)
    usable = found.free + found.used  # a part of the disk may be kept for the administrator
    free = found.free / usable
    text = f"{found.free / _GB:.1f} GB of {usable / _GB:.0f} GB are free on the disk of the data folder"
    remedy = "free some of it, or move the data folder to a larger disk"
    return _level(free < DISK_FREE["failure"], free < DISK_FREE["warning"], text, remedy)


def _level(is_failure: bool, is_warning: bool, text: str, remedy: str) -> Finding:
    if is_failure or is_warning:
        return (failure if is_failure else warning)("disk", text, remedy)
    return ok("disk", text)
